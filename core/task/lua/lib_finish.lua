-- The first half of a turn: outcomes. Each is checked against its claim, so a late worker changes
-- nothing, and an outcome that is sent again is known for what it is.
local EVENT = {done = 'succeed', failed = 'fail', retry = 'retry_later', crashed = 'retry_later',
	later = 'retry_later', cancelled = 'cancel'}

-- An outcome that is no success is seven words of ARGV, of which `at` is the first: id token attempt
-- verdict json delay_ms seconds.
local function write_other(key, at, to)
	if to == 'failed' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'failed_at', now_text,
			'processing_time', ARGV[at + 6], 'error', ARGV[at + 4])
		if ARGV[at + 2] ~= '1' then
			leave_files(ARGV[at], to)
		end
	elseif to == 'cancelled' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'cancelled_at', now_text,
			'processing_time', ARGV[at + 6])
	else
		redis.call('HSET', key, 'status', to, 'updated_at', now_text)
		redis.call('HDEL', key, 'worker', 'started_at', 'progress', 'current_step')
		redis.call('ZADD', DELAYED, now_ms + ARGV[at + 5], ARGV[at])
		if ARGV[at + 3] == 'crashed' then
			redis.call('HSET', key, 'crashes', count_of(redis.call('HGET', key, 'crashes')) + 1)
		elseif ARGV[at + 3] == 'later' then
			uncount_attempt(key)
		end
	end
end

-- Whether a task ended, or waits for its retry, by this very outcome.
local function is_written(at, key, status, worker, verdict)
	if status ~= next_state('processing', EVENT[verdict]) then
		return false
	end
	local hash = redis.call('HMGET', key, 'worker', 'attempts', 'processing_time', 'result')
	if verdict == 'done' then
		return hash[1] == worker and hash[3] == ARGV[at + 2] and hash[4] == ARGV[at + 3]
	end
	local attempts = count_of(hash[2]) + (verdict == 'later' and 1 or 0)
	return attempts == tonumber(ARGV[at + 2]) and (status == 'pending' or hash[1] == worker)
end

-- What becomes of an outcome that cannot be written: "already" or "refused <reason>".
local function refuse_outcome(at, key, status, claim, worker, verdict, retention)
	if claim and claim:sub(1, #ARGV[at + 1] + 1) == ARGV[at + 1] .. ' ' then
		forget(ARGV[at], read_claim(claim), true)
		expire_ended(ARGV[at], NEXT[status] and status, retention or 0)
	end
	if is_written(at, key, status, worker, verdict) then
		return 'already'
	end
	-- it may have published files before it came here
	if status == 'gone' then
		redis.call('SADD', GONE, ARGV[at])
	elseif status == 'failed' or status == 'cancelled' then
		leave_files(ARGV[at], status)
	end
	return 'refused ' .. (status == 'processing' and 'taken' or status)
end

-- What becomes of tasks of one group: `list` for the index of their mode and new status, shared by
-- the mode's groups, and how many they are.
local function new_tally(lists, group, status)
	local name = status .. ' ' .. group.mode
	if not lists[name] then
		lists[name] = {mode = group.mode, status = status}
	end
	return {group = group, list = lists[name], count = 0}
end

-- From ARGV[first] on: `done` successes of four words (id token seconds json), then the others.
-- Returns numbers of outcomes that were not written, each with what became of it.
local function finish_tasks(first, count, done, worker, retention)
	local answers, ids, ended, final = {}, {}, {}, {}
	if count == 0 then
		return answers
	end
	local others = first + 4 * done - 7 * (done + 1)
	for i = 1, count do
		ids[i] = ARGV[i <= done and first + 4 * i - 4 or others + 7 * i]
	end
	local claims = redis.call('HMGET', CLAIMS, unpack(ids))
	local lists, tallies = {}, {}
	for i, id in ipairs(ids) do
		local at = i <= done and first + 4 * i - 4 or others + 7 * i
		local verdict = i <= done and 'done' or ARGV[at + 3]
		local key, claim, token = task_key(id), claims[i], ARGV[at + 1]
		local status = redis.pcall('HGET', key, 'status')
		if type(status) ~= 'string' then
			status = 'gone'
		end
		local to = NEXT[status] and NEXT[status][EVENT[verdict]]
		local len = #token
		if to and claim and claim:byte(len + 1) == 32 and claim:find(token, 1, true) == 1 then
			if i <= done then
				redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'completed_at', now_text,
					'processing_time', ARGV[at + 2], 'progress', '100', 'current_step', 'Done',
					'result', ARGV[at + 3])
			else
				write_other(key, at, to)
			end
			if retention and to ~= 'pending' then
				redis.call('EXPIRE', key, retention)
			end
			ended[#ended + 1] = id
			final[#final + 1] = to ~= 'pending' and id or nil
			local rest = claim:sub(len + 18)
			local tally = tallies[to] and tallies[to][rest]
			if not tally then
				tally = new_tally(lists, read_group(rest), to)
				tallies[to] = tallies[to] or {}
				tallies[to][rest] = tally
			end
			tally.count = tally.count + 1
			local list = tally.list
			local size = #list
			list[size + 1], list[size + 2] = claim:sub(len + 2, len + 14), id
			add_event(id, to)
		else
			answers[#answers + 1] = i
			answers[#answers + 1] = refuse_outcome(at, key, status, claim, worker, verdict,
				retention)
		end
	end
	if #ended > 0 then
		redis.call('SREM', PROCESSING, unpack(ended))
		redis.call('ZREM', LEASE, unpack(ended))
		redis.call('HDEL', CLAIMS, unpack(ended))
		if #final > 0 and redis.call('EXISTS', MEMOS) == 1 then
			redis.call('HDEL', MEMOS, unpack(final))
		end
	end
	for _, list in pairs(lists) do
		index_add(list.status, list.mode, list)
		if list.status ~= 'pending' then
			count_ended(list.mode, list.status, #list / 2)
		end
	end
	for _, by_group in pairs(tallies) do
		for _, tally in pairs(by_group) do
			count_held(tally.group, -tally.count)
			free_places(tally.group, tally.count)
		end
	end
	return answers
end
