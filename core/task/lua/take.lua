-- uses: names usual
-- Claims the task that a BLMOVE has put into the worker's inbox, and nothing else: this stands between
-- a push and its start, and an idle server's caches are cold, so that every call counts. What is
-- unusual in any way is left in the inbox, for `turn`, which knows all cases. The first write is one
-- that a full server refuses.
-- KEYS lib_names; ARGV 1 worker 2 lease_ms 3 token 4 data limit 5 tasks of a user at once, 0: any
-- 6 a day, in days since 1970 7 its date 8 the inbox, then modes (name room limit). Returns what `turn`
-- does; waiting: 1 when `turn` will find something.
local call, inbox = redis.call, ARGV[8]
local now, id = call('TIME'), call('LINDEX', inbox, 0)
if not id then
	return {{}, {}, {}, 0, {}, {}}
end
local seconds = tonumber(now[1])
local rest = seconds - ARGV[6] * 86400
local key = TASK .. id
local hash = redis.pcall('HMGET', key, 'status', 'data', 'created_at', 'attempts', 'priority',
	'parked')
local data = hash[2]
if hash[1] ~= 'pending' or not data or hash[4] or hash[5] or hash[6] or #data > tonumber(ARGV[4])
	or #id > 128 or not id:find('^%w[%w_.-]*$') or rest < 0 or rest >= 86400 then
	return {{}, {}, {}, 1, {}, {}}
end
local name, user = read_usual(data)
local limit
for i = 9, #ARGV, 3 do
	if ARGV[i] == name and ARGV[i + 1] ~= '0' then
		limit = tonumber(ARGV[i + 2])
	end
end
-- Workers of a mode count what they hold of it where one of them has a limit, and every reaper does.
local is_counted = limit and (limit > 0 or user ~= '')
local counts = is_counted and call('HMGET', RUNNING, 'm:' .. name, 'u:' .. user) or {}
local in_mode = tonumber((counts[1] or '0'):match('^%d+')) or 0
local of_user, parked = (counts[2] or '0 0'):match('^(%d+) (%d+)$')
of_user = tonumber(of_user) or 0
-- There are none of these, mostly, and then it is in none of them.
local pending = P .. ':task:index:pending:'
local is_known = call('EXISTS', MEMOS, DELAYED, pending .. '-', pending .. (name or '')) > 0
if not limit or limit > 0 and in_mode >= limit or is_known and call('HGET', MEMOS, id)
	or user ~= '' and ARGV[5] ~= '0' and (of_user >= tonumber(ARGV[5]) or parked ~= '0') then
	return {{}, {}, {}, 1, {}, {}}
end

local at = string.format('%sT%02d:%02d:%02d.%06d', ARGV[7], math.floor(rest / 3600),
	math.floor(rest / 60) % 60, rest % 60, now[2])
call('HSET', key, 'status', 'processing', 'started_at', at, 'updated_at', at, 'attempts', '1',
	'worker', ARGV[1], 'progress', '0')
call('LPOP', inbox)
call('SADD', PROCESSING, id)
call('ZADD', LEASE, string.format('%.0f', seconds * 1000 + math.floor(now[2] / 1000) + ARGV[2]), id)
call('HSET', CLAIMS, id,
	string.format('%-64s ', ARGV[3] .. ' 0 ' .. name .. ' ' .. ARGV[1]) .. 'normal ' .. user)
if user ~= '' then
	call('HSET', RUNNING, 'm:' .. name, in_mode + 1 .. ' 0', 'u:' .. user, of_user + 1 .. ' ' .. parked)
elseif is_counted then
	call('HSET', RUNNING, 'm:' .. name, in_mode + 1 .. ' 0')
end
if is_known then
	redis.pcall('ZREM', DELAYED, id)
	redis.pcall('ZREM', pending .. '-', id)
	redis.pcall('ZREM', pending .. name, id)
end
local event = '[{"status":"processing","at":"' .. at .. 'Z","task_ids":["' .. id .. '"]}]'
call('PUBLISH', P .. ':events', event)
-- the turn that ends the task shortens the stream
call('XADD', STREAM, '*', 'events', event)
return {{}, {id, data, hash[3] or ''}, {}, 0, {}, {1, '1 1 0', name .. ' normal ' .. user}}
