-- uses: keys guard time state events index
-- Creates a task. KEYS lib_keys; ARGV 1 id 2 data 3 priority
-- Returns {"created"}, or {"exists", data} when the id is taken.
local id, priority = ARGV[1], ARGV[3]
local key = task_key(id)
if redis.call('EXISTS', key) == 1 then
	return {'exists', redis.call('HGET', key, 'data') or ''}
end
redis.call('HSET', key, 'task_id', id, 'status', 'pending', 'data', ARGV[2], 'created_at', now_text,
	'updated_at', now_text)
if priority ~= 'normal' then
	redis.call('HSET', key, 'priority', priority)
end
redis.call('RPUSH', QUEUES[priority], id)
index_put(id, 'pending', now_ms)
add_event(id, 'pending')
wake = true
send_events()
return {'created'}
