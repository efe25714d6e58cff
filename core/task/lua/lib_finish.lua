-- The first half of a turn: outcomes. Each is checked against its claim, so a late worker changes
-- nothing, and an outcome that is sent again is known for what it is.
local EVENT = {done = 'succeed', failed = 'fail', retry = 'retry_later', crashed = 'retry_later',
	cancelled = 'cancel'}

local function write_outcome(key, outcome, to, retention)
	if to == 'done' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'completed_at', now_text,
			'processing_time', outcome.seconds, 'progress', '100', 'current_step', 'Done',
			'result', outcome.json)
	elseif to == 'failed' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'failed_at', now_text,
			'processing_time', outcome.seconds, 'error', outcome.json)
	elseif to == 'cancelled' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'cancelled_at', now_text,
			'processing_time', outcome.seconds)
	else
		redis.call('HSET', key, 'status', to, 'updated_at', now_text)
		redis.call('HDEL', key, 'worker', 'started_at', 'progress', 'current_step')
		redis.call('ZADD', DELAYED, now_ms + outcome.delay_ms, outcome.id)
		if outcome.verdict == 'crashed' then
			redis.call('HINCRBY', key, 'crashes', 1)
		end
	end
	if to ~= 'pending' and retention > 0 then
		redis.call('EXPIRE', key, retention)
	end
end

-- Returns "written", "already" or "refused <reason>", and the state it led to when written.
local function finish_task(outcome, claim, worker, retention)
	local key = task_key(outcome.id)
	local status = redis.pcall('HGET', key, 'status')
	if type(status) ~= 'string' then
		status = 'gone'
	end
	local to = next_state(status, EVENT[outcome.verdict])
	if claim.token == outcome.token and to then
		write_outcome(key, outcome, to, retention)
		return 'written', to
	end
	if claim.token == outcome.token then
		forget(outcome.id, claim, true)
		expire_ended(outcome.id, NEXT[status] and status, retention)
	end
	if status == next_state('processing', EVENT[outcome.verdict]) then
		local hash = redis.call('HMGET', key, 'worker', 'attempts')
		if hash[2] == outcome.attempt and (status == 'pending' or hash[1] == worker) then
			return 'already'
		end
	end
	return 'refused ' .. (status == 'processing' and 'taken' or status)
end

local function finish_tasks(outcomes, worker, retention)
	local answers, ids = {}, {}
	for i, outcome in ipairs(outcomes) do
		ids[i] = outcome.id
	end
	if #ids == 0 then
		return answers
	end
	local claims = redis.call('HMGET', CLAIMS, unpack(ids))
	local ended, indexed, counts, names = {}, {}, {}, {}
	for i = 1, #ids do
		claims[i] = read_claim(claims[i])
		if claims[i].token then
			names[#names + 1] = 'm:' .. claims[i].mode
			names[#names + 1] = claims[i].user ~= '' and 'u:' .. claims[i].user or nil
		end
	end
	load_counters(names)
	for i, outcome in ipairs(outcomes) do
		local claim, to = claims[i], nil
		answers[i], to = finish_task(outcome, claim, worker, retention)
		if to then
			ended[#ended + 1] = outcome.id
			count_held(claim, -1)
			free_place(claim)
			indexed[to] = indexed[to] or {}
			local list = indexed[to]
			list[#list + 1], list[#list + 2] = claim.created, outcome.id
			counts[to] = counts[to] or {}
			counts[to][claim.mode] = (counts[to][claim.mode] or 0) + 1
			add_event(outcome.id, to)
		end
	end
	if #ended > 0 then
		redis.call('SREM', PROCESSING, unpack(ended))
		redis.call('ZREM', LEASE, unpack(ended))
		redis.call('HDEL', CLAIMS, unpack(ended))
	end
	for to, pairs_of in pairs(indexed) do
		redis.call('ZADD', INDEX[to], unpack(pairs_of))
		for mode, by in pairs(to ~= 'pending' and counts[to] or {}) do
			count_ended(mode, to, by)
		end
	end
	return answers
end
