-- The first half of a turn: outcomes. Each is checked against its claim, so a late worker changes
-- nothing, and an outcome that is sent again is known for what it is.
local EVENT = {done = 'succeed', failed = 'fail', retry = 'retry_later', crashed = 'retry_later',
	cancelled = 'cancel'}

-- An outcome is seven words of ARGV, of which `at` is the first: id token attempt verdict json
-- delay_ms seconds.
local function write_outcome(key, at, to, retention)
	if to == 'done' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'completed_at', now_text,
			'processing_time', ARGV[at + 6], 'progress', '100', 'current_step', 'Done',
			'result', ARGV[at + 4])
	elseif to == 'failed' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'failed_at', now_text,
			'processing_time', ARGV[at + 6], 'error', ARGV[at + 4])
	elseif to == 'cancelled' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'cancelled_at', now_text,
			'processing_time', ARGV[at + 6])
	else
		redis.call('HSET', key, 'status', to, 'updated_at', now_text)
		redis.call('HDEL', key, 'worker', 'started_at', 'progress', 'current_step')
		redis.call('ZADD', DELAYED, now_ms + ARGV[at + 5], ARGV[at])
		if ARGV[at + 3] == 'crashed' then
			redis.call('HINCRBY', key, 'crashes', 1)
		end
	end
	if to ~= 'pending' and retention then
		redis.call('EXPIRE', key, retention)
	end
end

-- What becomes of an outcome that cannot be written: "already" or "refused <reason>".
local function refuse_outcome(at, key, status, claim, worker, retention)
	local event = EVENT[ARGV[at + 3]]
	if claim and claim:sub(1, #ARGV[at + 1] + 1) == ARGV[at + 1] .. ' ' then
		forget(ARGV[at], read_claim(claim), true)
		expire_ended(ARGV[at], NEXT[status] and status, retention or 0)
	end
	if status == next_state('processing', event) then
		local hash = redis.call('HMGET', key, 'worker', 'attempts')
		if hash[2] == ARGV[at + 2] and (status == 'pending' or hash[1] == worker) then
			return 'already'
		end
	end
	return 'refused ' .. (status == 'processing' and 'taken' or status)
end

-- Returns numbers of outcomes that were not written, each with what became of it.
local function finish_tasks(first, count, worker, retention)
	local answers, ids, ended = {}, {}, {}
	if count == 0 then
		return answers
	end
	for i = 1, count do
		ids[i] = ARGV[first + 7 * i - 7]
	end
	local claims = redis.call('HMGET', CLAIMS, unpack(ids))
	local indexed, tallies = {}, {}
	for i, id in ipairs(ids) do
		local at, key, claim = first + 7 * i - 7, task_key(id), claims[i]
		local token, verdict = ARGV[at + 1], ARGV[at + 3]
		local status = redis.pcall('HGET', key, 'status')
		if type(status) ~= 'string' then
			status = 'gone'
		end
		local to = NEXT[status] and NEXT[status][EVENT[verdict]]
		local len = #token
		if to and claim and claim:byte(len + 1) == 32 and claim:find(token, 1, true) == 1 then
			write_outcome(key, at, to, retention)
			ended[#ended + 1] = id
			local list = indexed[to]
			if not list then
				list = {}
				indexed[to], tallies[to] = list, {}
			end
			local size, tally, group = #list, tallies[to], claim:sub(len + 18)
			list[size + 1], list[size + 2] = claim:sub(len + 2, len + 14), id
			tally[group] = (tally[group] or 0) + 1
			add_event(id, to)
		else
			answers[#answers + 1] = i
			answers[#answers + 1] = refuse_outcome(at, key, status, claim, worker, retention)
		end
	end
	if #ended > 0 then
		redis.call('SREM', PROCESSING, unpack(ended))
		redis.call('ZREM', LEASE, unpack(ended))
		redis.call('HDEL', CLAIMS, unpack(ended))
	end
	for to, list in pairs(indexed) do
		redis.call('ZADD', INDEX[to], unpack(list))
		for text, by in pairs(tallies[to]) do
			local group = read_group(text)
			count_held(group, -by)
			free_places(group, by)
			if to ~= 'pending' then
				count_ended(group.mode, to, by)
			end
		end
	end
	return answers
end
