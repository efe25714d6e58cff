-- The end of a holding that is no outcome of its worker.
-- Ends the holding of a task, whatever becomes of it. ended: its user's place goes to another one.
local function forget(id, claim, ended)
	redis.call('SREM', PROCESSING, id)
	redis.call('ZREM', LEASE, id)
	redis.call('HDEL', CLAIMS, id)
	if claim.token then
		count_held(claim, -1)
		if ended then
			free_places(claim, 1)
		end
	end
end

-- A foreign client cancelled it or ended it: it expires like any other.
local function expire_ended(id, status, retention)
	if status and not NEXT[status].claim and not NEXT[status].succeed and tonumber(retention) > 0
		and redis.call('TTL', task_key(id)) == -1 then
		redis.call('EXPIRE', task_key(id), retention)
		if status ~= 'done' then
			leave_files(id)
		end
	end
end

-- The end of a holding whose task is not processing: a foreign client has ended it or, status: nil or
-- false, deleted it. Its worker may not live to hear of it.
local function forget_ended(id, claim, status, retention)
	forget(id, claim, true)
	if status ~= 'done' and status ~= 'pending' and is_task_id(id) then
		leave_files(id)
	end
	expire_ended(id, NEXT[status] and status, retention)
end

-- A count out of a task's hash, whatever a stranger wrote there.
local function count_of(text)
	local count = math.floor(tonumber(text) or 0)
	return count >= 0 and count < 1e9 and count or 0
end

-- An attempt that does not count: it was never started, or put off.
local function uncount_attempt(key)
	local attempts = count_of(redis.call('HGET', key, 'attempts'))
	if attempts > 1 then
		redis.call('HSET', key, 'attempts', attempts - 1)
	else
		redis.call('HDEL', key, 'attempts')
	end
end
