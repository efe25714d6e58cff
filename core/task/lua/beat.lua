-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked waiting group unusual
-- Renews leases, writes progress, tells what is lost, promotes due retries, registers the worker.
-- KEYS lib_keys; ARGV 1 worker 2 lease_ms 3 retention_s 4 registration 5 registration_ms
-- 6 modes m, m times (name room limit),
-- then times (id token 1|0: it was started progress|-1 step)
-- Returns lost (id token cancelled|gone|taken), promoted, waiting, ms until something is due or -1,
-- problems (what code text).
local worker, lost, leases, started = ARGV[1], {}, {}, {}
local modes = read_modes(7, tonumber(ARGV[6]))

local function renew(id, progress, step, old)
	leases[#leases + 1] = now_ms + tonumber(ARGV[2])
	leases[#leases + 1] = id
	if tonumber(progress) < 0 and step == '' or tonumber(progress) < (tonumber(old) or 0)
		and progress ~= '-1' then
		return
	end
	local set, extra = {'updated_at', now_text}, ''
	if progress ~= '-1' then
		set[#set + 1], set[#set + 2] = 'progress', progress
		extra = ',"progress":' .. progress
	end
	if step ~= '' then
		set[#set + 1], set[#set + 2] = 'current_step', step
		extra = extra .. ',"current_step":' .. cjson.encode(step)
	end
	redis.call('HSET', task_key(id), unpack(set))
	add_event(id, 'processing', extra)
end

for i = 7 + 3 * #modes, #ARGV, 5 do
	local id, token = ARGV[i], ARGV[i + 1]
	local claim = read_claim(redis.call('HGET', CLAIMS, id))
	local hash = redis.pcall('HMGET', task_key(id), 'status', 'progress')
	local status = not hash.err and hash[1] or nil
	if claim.token == token and status == 'processing' then
		renew(id, ARGV[i + 3], ARGV[i + 4], hash[2])
		if ARGV[i + 2] == '1' and not claim.started then
			claim.started = true
			started[#started + 1], started[#started + 2] = id, claim_text(claim)
		end
	else
		if claim.token == token then
			forget_ended(id, claim, status, ARGV[3])
		end
		lost[#lost + 1] = {id, token,
			status == 'cancelled' and 'cancelled' or status and 'taken' or 'gone'}
	end
end
if #leases > 0 then
	redis.call('ZADD', LEASE, unpack(leases))
end
if #started > 0 then
	redis.call('HSET', CLAIMS, unpack(started))
end

local promoted = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now_ms, 'LIMIT', 0, 100)) do
	local hash = redis.pcall('HMGET', task_key(id), 'status', 'priority')
	local status = not hash.err and hash[1]
	if status == 'pending' then
		redis.call('RPUSH', QUEUES[hash[2] or 'normal'] or QUEUE, id)
		promoted, wake = promoted + 1, true
	elseif status then
		expire_ended(id, NEXT[status] and status, ARGV[3])
	elseif is_task_id(id) then
		leave_files(id)
	end
	redis.call('ZREM', DELAYED, id)
end

if ARGV[4] ~= '' then
	redis.call('SET', worker_key(worker), ARGV[4], 'PX', ARGV[5])
	redis.call('ZADD', WORKERS, now_ms + tonumber(ARGV[5]), worker)
	for _, mode in ipairs(modes) do
		redis.call('HSET', MODES, mode.name, now_ms)
	end
end
fail_overdue({worker = worker, retention = tonumber(ARGV[3])})
local due = math.huge
for _, key in ipairs({DELAYED, UNKNOWN}) do
	due = math.min(due, tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) or due)
end
settle()
limit_rooms(modes)
send_events()
return {lost, promoted, count_waiting(modes), due < math.huge and math.max(1, due - now_ms) or -1,
	problems}
