-- Makes a held task pending again, at the front of its queue. The caller knows that it is
-- processing. uncounted: it was never started, so its attempt does not count.
local function give_back(id, claim, uncounted)
	local key = task_key(id)
	redis.call('HSET', key, 'status', 'pending', 'updated_at', now_text)
	redis.call('HDEL', key, 'worker', 'started_at', 'progress', 'current_step')
	if uncounted then
		uncount_attempt(key)
	end
	forget(id, claim)
	if claim.token and claim.user ~= '' and counter('u:' .. claim.user).parked > 0 then
		redis.call('HSET', key, 'parked', '1')
	end
	index_repair(id)
	redis.call('LPUSH', QUEUES[claim.priority] or QUEUE, id)
	add_event(id, 'pending')
	wake = true
end

-- Returns an inbox to the front of the queue it was filled from, in its order.
local function return_inbox(worker)
	local count = 0
	while redis.call('LMOVE', inbox_key(worker), QUEUE, 'RIGHT', 'LEFT') do
		count = count + 1
	end
	return count
end
