-- Tasks that cannot simply be claimed: what is broken or foreign is dropped or failed, what cannot
-- run now is parked, once.
-- Claimed and failed at once, so that its states follow each other as they must.
local function fail_unread(id, attempts, code, message, options)
	local key = task_key(id)
	redis.call('HSET', key, 'status', 'failed', 'updated_at', now_text, 'started_at', now_text,
		'failed_at', now_text, 'attempts', attempts, 'worker', options.worker, 'error',
		cjson.encode({code = code, message = message, details = cjson.null}))
	if options.retention > 0 then
		redis.call('EXPIRE', key, options.retention)
	end
	redis.call('ZREM', DELAYED, id)
	leave_files(id)
	index_repair(id)
	add_event(id, 'processing')
	add_event(id, 'failed')
	add_problem(id, code, message)
end

local function fail_unknown(id, attempts, mode, options)
	fail_unread(id, attempts, 'INVALID_MODE', 'No worker has ever served the mode ' .. mode
		.. '. Check its spelling, and that formy.conf enables it.', options)
end

-- Fails tasks that have waited long enough for a mode that no worker has ever had.
local function fail_overdue(options)
	for _, id in ipairs(redis.call('ZRANGEBYSCORE', UNKNOWN, '-inf', now_ms, 'LIMIT', 0, 100)) do
		local hash = redis.pcall('HMGET', task_key(id), 'data', 'status', 'attempts', 'priority')
		local ok, data = pcall(cjson.decode, not hash.err and hash[1] or '')
		local mode = ok and type(data) == 'table' and is_mode(data.mode) and data.mode
		if mode and redis.call('HGET', MODES, mode) == '0' then
			if hash[2] == 'pending' then
				redis.call('LREM', wait_key(mode, hash[4] or 'normal'), 1, id)
				fail_unknown(id, count_of(hash[3]) + 1, mode, options)
			end
			if redis.call('EXISTS', wait_key(mode, 'high'), wait_key(mode, 'normal'),
				wait_key(mode, 'low')) == 0 then
				redis.call('HDEL', MODES, mode)
			end
		end
		redis.call('ZREM', UNKNOWN, id)
	end
end

-- Reads the mode out of `data`. Returns it and the user, or nil, a code and a message.
local function read_data(text, limit)
	if not text or text == '' then
		return nil, 'TASK_DATA_NOT_FOUND', 'The task has no field "data". Write it before the id'
			.. ' is pushed on the queue.'
	elseif #text > limit then
		return nil, 'INVALID_REQUEST', 'The field "data" has ' .. #text .. ' bytes; at most '
			.. limit .. ' are taken.'
	end
	local mode, user = read_usual(text)
	if mode then
		return mode, user
	end
	local ok, data = pcall(cjson.decode, text)
	if not ok or type(data) ~= 'table' or not text:match('^%s*{') then
		return nil, 'INVALID_REQUEST', 'The field "data" is not a JSON object.'
	elseif data.mode == nil or data.mode == cjson.null then
		return nil, 'MISSING_REQUIRED_PARAM', 'The member "mode" of the task\'s data is missing.'
	elseif not is_mode(data.mode) then
		return nil, 'INVALID_MODE', 'The member "mode" is not the name of a mode, which is written'
			.. ' like BACKGROUND_CHANGE.'
	end
	return data.mode, user_of(data)
end

-- A task that this worker cannot take now waits in a list of its mode. One that had waited for its
-- user's limit before leaves that place to the next.
local function park(id, mode, user, priority, waited)
	local pushed = redis.pcall('RPUSH', wait_key(mode, priority), id)
	lengths[wait_key(mode, priority)] = nil
	if type(pushed) == 'table' then
		add_problem(wait_key(mode, priority), '', 'The key is not a list. Delete or rename it.')
		redis.call('RPUSH', QUEUES[priority], id)
		lengths[QUEUES[priority]] = nil
	elseif waited then
		unpark(user, 1)
	end
	wake = true
end

-- True when a task must wait for its user's limit, and now does.
local function park_surplus(id, user, priority, waited, limit)
	if limit == 0 or user == '' then
		return false
	end
	local state = counter('u:' .. user)
	if state.held >= limit then
		park_for_user(id, user, priority, waited)
	elseif state.parked > 0 and not waited then
		park_for_user(id, user, priority, false)
		unpark(user, 1)
	else
		return false
	end
	return true
end

-- A task that is tried again: the traces of earlier attempts go. Returns what lib_claim's `take`
-- wants to know.
local function clear_attempt(key, attempts)
	redis.call('HDEL', key, 'error', 'result', 'current_step', 'processing_time', 'completed_at',
		'failed_at', 'cancelled_at')
	local past = redis.call('HMGET', key, 'retried_after', 'crashes')
	local crashes = count_of(past[2])
	return string.format('%.0f %.0f %.0f', attempts,
		math.max(1, attempts - count_of(past[1]) - crashes), crashes)
end

-- Looks at one id off a list, of whatever shape, with what its hash holds (lib_claim's order).
-- When it can be claimed it returns its group, attempt and counts, else it has dealt with it.
local function consider(id, key, hash, priority, options)
	if not is_task_id(id) then
		add_problem(id:sub(1, 128), '', 'Something on the queue is not a task id; it was dropped.')
		return
	elseif hash.err then
		add_problem(id, '', 'The key ' .. key .. ' is not a hash; its id was dropped.')
		return
	elseif not hash[1] and redis.call('EXISTS', key) == 0 then
		add_problem(id, '', 'The task has no hash: it was deleted, or never written. Dropped.')
		return
	elseif hash[1] ~= 'pending' and hash[1] then
		return
	end
	local attempts = count_of(hash[4]) + 1
	local name, user, message = read_data(hash[2], options.data_limit)
	if not name then
		return fail_unread(id, attempts, user, message, options)
	end
	local mode = options.modes[name]
	if not mode then
		local seen = tonumber(redis.call('HGET', MODES, name) or '0')
		if seen == 0 and options.grace_ms == 0 then
			return fail_unknown(id, attempts, name, options)
		elseif seen == 0 then
			redis.call('HSETNX', MODES, name, 0)
			redis.call('ZADD', UNKNOWN, 'NX', now_ms + options.grace_ms, id)
		end
		return park(id, name, user, priority, hash[6])
	elseif park_surplus(id, user, priority, hash[6], options.user_limit) then
		return
	elseif mode.free == 0 then
		return park(id, name, user, priority, hash[6])
	end
	if priority ~= (hash[5] or 'normal') then
		redis.call('HSET', key, 'priority', priority)
	end
	if hash[6] then
		redis.call('HDEL', key, 'parked')
	end
	return mode.groups[priority][user] or new_group(mode, priority, user, options), attempts,
		hash[4] and clear_attempt(key, attempts) or '1 1 0'
end
