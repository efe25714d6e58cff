-- Outcomes that are no success, or cannot be written.
local EVENT = {done = 'succeed', failed = 'fail', retry = 'retry_later', crashed = 'retry_later',
	later = 'retry_later', cancelled = 'cancel'}

-- An outcome that is no success is eight words of ARGV, of which `at` is the first: id token attempt
-- verdict json delay_ms seconds created. Returns the new status.
local function write_other(key, at)
	local to = next_state('processing', EVENT[ARGV[at + 3]])
	if to == 'failed' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'failed_at', now_text,
			'processing_time', ARGV[at + 6], 'error', ARGV[at + 4])
		leave_files(ARGV[at])
	elseif to == 'cancelled' then
		redis.call('HSET', key, 'status', to, 'updated_at', now_text, 'cancelled_at', now_text,
			'processing_time', ARGV[at + 6])
		leave_files(ARGV[at])
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
	return to
end

-- Whether a task ended, or waits for its retry, by this very outcome.
local function is_written(key, status, worker, outcome)
	if status ~= next_state('processing', EVENT[outcome.verdict]) then
		return false
	end
	local hash = redis.call('HMGET', key, 'worker', 'attempts', 'processing_time', 'result')
	if outcome.verdict == 'done' then
		return hash[1] == worker and hash[3] == outcome.seconds and hash[4] == outcome.json
	end
	local attempts = count_of(hash[2]) + (outcome.verdict == 'later' and 1 or 0)
	return attempts == tonumber(outcome.attempt) and (status == 'pending' or hash[1] == worker)
end

-- What becomes of an outcome that cannot be written: "already" or "refused <reason>". claim: as it
-- stands now, or false. One that was left says that its attempt may have published files, and nothing
-- of its end: a task that is still held by it comes back when the lease ends.
local function refuse_outcome(key, status, claim, worker, outcome, retention)
	status = type(status) == 'string' and status or 'gone'
	local left = outcome.verdict == 'left'
	if left and status == 'processing' then
		return 'refused taken'
	elseif claim and claim:sub(1, #outcome.token + 1) == outcome.token .. ' ' then
		forget_ended(outcome.id, read_claim(claim), status, retention or 0)
	end
	if not left and is_written(key, status, worker, outcome) then
		return 'already'
	end
	-- it may have published files before it came here
	if status == 'gone' or status == 'failed' or status == 'cancelled' then
		leave_files(outcome.id)
	end
	return 'refused ' .. (status == 'processing' and 'taken' or status)
end
