-- The second half of a turn: claims. Whatever stands in a list may be foreign or broken: it is
-- looked at before it is believed, and what cannot run is dropped, failed or parked, once.
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

-- What tasks of a mode, a user and a priority have in common, made once.
local function group_of(mode, priority, user, options)
	local key = priority .. ' ' .. user
	local group = mode.groups[key]
	if not group then
		local text = mode.name .. ' ' .. options.worker .. ' ' .. key
		group = read_group(text)
		group.claim = ' 0 ' .. text
		group.text = mode.name .. ' ' .. key
		mode.groups[key] = group
	end
	return group
end

-- Takes one id off a list. When it is claimed, it goes into the lists of `got`.
local function claim_task(id, priority, got, options)
	if not is_task_id(id) then
		add_problem(id:sub(1, 128), '', 'Something on the queue is not a task id; it was dropped.')
		return
	end
	local key = task_key(id)
	local hash = redis.pcall('HMGET', key, 'status', 'created_at', 'attempts', 'priority', 'parked',
		'data')
	if hash.err then
		add_problem(id, '', 'The key ' .. key .. ' is not a hash; its id was dropped.')
		return
	elseif not hash[1] and redis.call('EXISTS', key) == 0 then
		add_problem(id, '', 'The task has no hash: it was deleted, or never written. Dropped.')
		return
	elseif hash[1] ~= 'pending' and hash[1] then
		return
	end
	local before = hash[3]
	local attempts = count_of(before) + 1
	local name, user, message = read_data(hash[6], options.data_limit)
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
		return park(id, name, user, priority, hash[5])
	elseif park_surplus(id, user, priority, hash[5], options.user_limit) then
		return
	elseif mode.room == 0 or mode.left == 0 then
		return park(id, name, user, priority, hash[5])
	end
	mode.room, mode.left = mode.room - 1, mode.left - 1
	redis.call('HSET', key, 'status', 'processing', 'started_at', now_text, 'updated_at', now_text,
		'attempts', before and attempts or '1', 'worker', options.worker, 'progress', '0')
	if priority ~= (hash[4] or 'normal') then
		redis.call('HSET', key, 'priority', priority)
	end
	if hash[5] then
		redis.call('HDEL', key, 'parked')
	end
	local counts = '1 1 0'
	if before then
		redis.call('HDEL', key, 'error', 'result', 'current_step', 'processing_time',
			'completed_at', 'failed_at', 'cancelled_at')
		local past = redis.call('HMGET', key, 'retried_after', 'crashes')
		local crashes = count_of(past[2])
		counts = string.format('%.0f %.0f %.0f', attempts,
			math.max(1, attempts - count_of(past[1]) - crashes), crashes)
	end
	add_event(id, 'processing')
	local group = group_of(mode, priority, user, options)
	if user ~= '' then
		counter('u:' .. user).held = counter('u:' .. user).held + 1
	end
	mode.claimed = mode.claimed + 1
	local at, created = #got.ids + 1, created_text(hash[2])
	local two, four = 2 * at, 4 * at
	got.ids[at] = id
	got.claims[two - 1], got.claims[two] = id, options.token .. created .. group.claim
	local tasks = got.tasks
	tasks[four - 3], tasks[four - 2], tasks[four - 1], tasks[four] =
		id, counts, group.text, hash[6]
end

local function length_of(list)
	if not lengths[list] then
		local length = redis.pcall('LLEN', list)
		if type(length) ~= 'number' then
			add_problem(list, '', 'The key is not a list. Delete or rename it.')
			length = 0
		end
		lengths[list] = length
	end
	return lengths[list]
end

-- Empties a list into `got` until there are `want`, within a bound of looked-at ids.
local function claim_from(list, priority, got, options)
	while #got.ids < options.want and options.bound > 0 and length_of(list) > 0 do
		local ids = redis.call('LPOP', list, math.min(options.want - #got.ids, options.bound))
		if not ids then
			lengths[list] = 0
			return
		end
		lengths[list] = lengths[list] - #ids
		options.bound = options.bound - #ids
		for _, id in ipairs(ids) do
			claim_task(id, priority, got, options)
		end
	end
end

local function write_claims(got, options)
	local leases, lease_end = {}, string.format('%.0f', now_ms + options.lease_ms)
	for i, id in ipairs(got.ids) do
		leases[2 * i - 1], leases[2 * i] = lease_end, id
	end
	if redis.call('EXISTS', MEMOS) == 1 then
		for i, memo in ipairs(redis.call('HMGET', MEMOS, unpack(got.ids))) do
			if memo then
				got.memos[#got.memos + 1], got.memos[#got.memos + 2] = i, memo
			end
		end
	end
	redis.call('SADD', PROCESSING, unpack(got.ids))
	redis.call('ZADD', LEASE, unpack(leases))
	redis.call('HSET', CLAIMS, unpack(got.claims))
	local keys = {DELAYED, index_key('pending', '-')}
	for _, mode in pairs(options.modes) do
		keys[#keys + 1] = mode.claimed > 0 and index_key('pending', mode.name) or nil
	end
	for _, key in ipairs(keys) do
		if redis.call('EXISTS', key) == 1 then
			index_write('ZREM', key, unpack(got.ids))
		end
	end
end
