-- uses: names keys probe types guard time time_read state events usual data index counters repair parked
-- Creates a task. KEYS lib_keys; ARGV 1 id 2 data 3 priority
-- 4 ms until it may start 5 when it may start, in ms since 1970; 0: at once
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
local ok, data = pcall(cjson.decode, ARGV[2])
local user = ok and type(data) == 'table' and user_of(data) or ''
local due = math.max(now_ms + tonumber(ARGV[4]), tonumber(ARGV[5]))
if due > now_ms then
	redis.call('ZADD', DELAYED, string.format('%.0f', due), id)
elseif user ~= '' and counter('u:' .. user).parked > 0 then
	park_for_user(id, user, priority, false)
else
	redis.call('RPUSH', QUEUES[priority], id)
end
local place = {string.format('%.0f', now_ms), id}
index_add('pending', indexed_mode((mode_of(ARGV[2]))), place)
if user ~= '' then
	index_users({[user] = place})
end
add_event(id, 'pending')
wake = true
settle()
send_events()
return {'created'}
