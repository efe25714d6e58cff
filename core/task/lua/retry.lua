-- uses: names keys probe types guard time time_read state events usual data index repair
-- A person makes a failed task pending again: all that its failure left goes, its attempts stay.
-- KEYS lib_keys; ARGV 1 id. Returns the status before; "gone" when there is none.
local id = ARGV[1]
local key = task_key(id)
local hash = redis.call('HMGET', key, 'status', 'attempts', 'priority')
local status = hash[1] or 'gone'
if not next_state(status, 'retry') then
	return status
end
redis.call('HSET', key, 'status', 'pending', 'updated_at', now_text)
redis.call('HDEL', key, 'error', 'result', 'progress', 'current_step', 'worker', 'processing_time',
	'started_at', 'completed_at', 'failed_at', 'cancelled_at', 'crashes',
	'parked')
if hash[2] then
	redis.call('HSET', key, 'retried_after', hash[2])
end
redis.call('HDEL', MEMOS, id)
redis.call('PERSIST', key)
redis.call('RPUSH', QUEUES[hash[3] or 'normal'] or QUEUE, id)
index_repair(id)
add_event(id, 'pending')
wake = true
send_events()
return status
