-- uses: usual
-- Claims the task that a BLMOVE has put into the worker's inbox, and nothing else: this stands between
-- a push and its start, and an idle server's caches are cold, so that every call and every word counts.
-- What is unusual in any way is left in the inbox, for `turn`, which knows all cases. The first write
-- is one that a full server refuses.
-- KEYS 1 inbox 2 processing 3 leases 4 claims 5 running 6 stream 7 memos 8 delayed 9 the index of
-- pending tasks of modes that no worker ever had; ARGV 1 prefix 2 worker 3 lease_ms 4 token 5 data limit
-- 6 tasks of a user at once, 0: any 7 when a day began, in seconds since 1970 8 its date, then modes with
-- room (name limit). Returns nothing when there was no task, 1 when it is for `turn`, or its id, data,
-- created_at or "", and "<mode> <priority> <user>".
local KEYS, ARGV, call, try = KEYS, ARGV, redis.call, redis.pcall
local now, id = call('TIME'), call('LINDEX', KEYS[1], 0)
if not id then
	return
end
local prefix, worker, token = ARGV[1], ARGV[2], ARGV[4]
local key = prefix .. ':task:data:' .. id
local hash = try('HMGET', key, 'status', 'data', 'created_at', 'attempts', 'priority', 'parked')
local seconds, us, data = tonumber(now[1]), tonumber(now[2]), hash[2]
local rest = seconds - ARGV[7]
if hash[1] ~= 'pending' or not data or hash[4] or hash[5] or hash[6] or #data > tonumber(ARGV[5])
	or #id > 128 or not id:find('^%w[%w_.-]*$') or rest < 0 or rest >= 86400 then
	return 1
end
local name, user = read_usual(data)
local limit
for i = 9, #ARGV, 2 do
	if ARGV[i] == name then
		limit = tonumber(ARGV[i + 1])
	end
end
if not limit then
	return 1
end
-- Workers of a mode count what they hold of it where one of them has a limit, and every reaper does.
local is_counted, in_mode, of_user, parked = limit > 0 or user ~= '', 0, 0, '0'
if is_counted then
	local counts = call('HMGET', KEYS[5], 'm:' .. name, 'u:' .. user)
	in_mode = tonumber((counts[1] or '0'):match('^%d+')) or 0
	of_user, parked = (counts[2] or '0 0'):match('^(%d+) (%d+)$')
	of_user = tonumber(of_user) or 0
end
-- There are none of these, mostly, and then it is in none of them.
local pending = prefix .. ':task:index:pending:' .. name
local is_known = call('EXISTS', KEYS[7], KEYS[8], KEYS[9], pending) > 0
if limit > 0 and in_mode >= limit or is_known and call('HGET', KEYS[7], id)
	or user ~= '' and ARGV[6] ~= '0' and (of_user >= tonumber(ARGV[6]) or parked ~= '0') then
	return 1
end

local at = string.format('%sT%02d:%02d:%02d.%06d', ARGV[8], rest / 3600, rest / 60 % 60, rest % 60,
	us)
call('HSET', key, 'status', 'processing', 'started_at', at, 'updated_at', at, 'attempts', '1',
	'worker', worker, 'progress', '0')
call('LPOP', KEYS[1])
call('SADD', KEYS[2], id)
-- in two parts, as a server of 32 bits has no integer for both
local ms = us / 1000 + ARGV[3]
call('ZADD', KEYS[3], string.format('%d%03d', seconds + ms / 1000, ms % 1000), id)
call('HSET', KEYS[4], id,
	string.format('%-64s normal %s', token .. ' 0 ' .. name .. ' ' .. worker, user))
if user ~= '' then
	call('HSET', KEYS[5], 'm:' .. name, in_mode + 1 .. ' 0', 'u:' .. user, of_user + 1 .. ' ' .. parked)
elseif is_counted then
	call('HSET', KEYS[5], 'm:' .. name, in_mode + 1 .. ' 0')
end
if is_known then
	try('ZREM', KEYS[8], id)
	try('ZREM', KEYS[9], id)
	try('ZREM', pending, id)
end
local event = '[{"status":"processing","at":"' .. at .. 'Z","task_ids":["' .. id .. '"]}]'
call('PUBLISH', prefix .. ':events', event)
-- the turn that ends the task shortens the stream
call('XADD', KEYS[6], '*', 'events', event)
return {id, data, hash[3] or '', name .. ' normal ' .. user}
