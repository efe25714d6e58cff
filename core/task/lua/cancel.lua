-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked
-- Cancels a task: out of every list, or out of its worker's hands.
-- KEYS lib_keys; ARGV 1 id 2 retention_s. Returns the status before; "gone" when there is none.
local id = ARGV[1]
local key = task_key(id)
local status = redis.call('HGET', key, 'status') or 'gone'
if not next_state(status, 'cancel') then
	return status
end
if status == 'pending' then
	local lists = {}
	local ok, data = pcall(cjson.decode, redis.call('HGET', key, 'data') or '')
	local hash = redis.call('HMGET', key, 'parked', 'priority')
	local user = ok and type(data) == 'table' and user_of(data) or ''
	if hash[1] and user ~= '' then
		local state = counter('u:' .. user)
		state.parked = state.parked - redis.call('LREM', user_key(user, hash[2] or 'normal'), 0, id)
		redis.call('HDEL', key, 'parked')
	end
	for _, priority in ipairs(PRIORITIES) do
		lists[QUEUES[priority]] = 0
		lists[ready_key(priority)] = 0
		if ok and type(data) == 'table' and is_mode(data.mode) then
			lists[wait_key(data.mode, priority)] = 0
		end
	end
	for _, worker in ipairs(redis.call('ZRANGE', WORKERS, 0, -1)) do
		lists[inbox_key(worker)] = 0
	end
	for list in pairs(lists) do
		redis.pcall('LREM', list, 0, id)
	end
	redis.call('ZREM', DELAYED, id)
else
	local claim = read_claim(redis.call('HGET', CLAIMS, id))
	count_ended(claim.mode, 'cancelled', 1)
	forget(id, claim, true)
	redis.call('PUBLISH', P .. ':control', '{"cancel":"' .. id .. '"}')
end
redis.call('HSET', key, 'status', 'cancelled', 'cancelled_at', now_text, 'updated_at', now_text)
if tonumber(ARGV[2]) > 0 then
	redis.call('EXPIRE', key, ARGV[2])
end
redis.call('HDEL', MEMOS, id)
leave_files(id)
index_repair(id)
add_event(id, 'cancelled')
settle()
send_events()
return status
