-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked give_back search
-- Recovers what was left: expired leases, holdings that are known in one place only, inboxes of
-- workers that are no more. Bounded. KEYS lib_keys; ARGV 1 crashes 2 retention_s 3 lease_ms
-- 4 tasks of a user at once, 0: any
-- A task that so many crashes befell fails; to lose its worker is one, when it was started.
-- Returns recovered, failed, workers, 1 when there is more.
local BOUND = 100
local recovered, failed, workers = 0, 0, 0

local function fail_lost(id, claim, worker, step)
	local key = task_key(id)
	local context = {mode = claim.mode, worker = worker or nil, step = step or nil}
	redis.call('HSET', key, 'status', 'failed', 'updated_at', now_text, 'failed_at', now_text,
		'error', cjson.encode({code = 'PIPELINE_CRASHED', message = 'The worker that ran this task'
		.. ' was lost, and the task had crashed before. It is not tried again.',
		details = 'worker ' .. (worker or 'unknown') .. ', step: ' .. (step or 'none'),
		context = next(context) and context or nil}))
	if tonumber(ARGV[2]) > 0 then
		redis.call('EXPIRE', key, ARGV[2])
	end
	forget(id, claim, true)
	redis.call('HDEL', MEMOS, id)
	leave_files(id)
	index_repair(id)
	count_ended(claim.mode, 'failed', 1)
	add_event(id, 'failed')
	failed = failed + 1
end

-- A task that says of itself that it waits for its user: the user's counter knows of it.
local function check_parked(id)
	local hash = redis.call('HMGET', task_key(id), 'parked', 'data')
	local ok, data = pcall(cjson.decode, hash[1] and hash[2] or '')
	local user = ok and type(data) == 'table' and user_of(data) or ''
	if user ~= '' and counter('u:' .. user).parked == 0 then
		counter('u:' .. user).parked = count_parked(user)
	end
end

-- Leases mean something only while they can be renewed. Was there no reaper for a while, then there
-- was no Redis, or its clock jumped: owners that live have time to come first.
local function may_expire()
	local key, pause_ms = P .. ':task:reaped', tonumber(ARGV[3]) / 2
	local since, last = (redis.call('GET', key) or ''):match('^(%d+) (%d+)$')
	since, last = tonumber(since), tonumber(last)
	if not since or now_ms < last or now_ms - last > pause_ms then
		since = now_ms
	end
	redis.call('SET', key, string.format('%.0f %.0f', since, now_ms))
	return now_ms - since >= pause_ms
end

local expired = may_expire()
	and redis.call('ZRANGEBYSCORE', LEASE, '-inf', now_ms, 'LIMIT', 0, BOUND) or {}
for i = #expired, 1, -1 do
	local id = expired[i]
	local claim = read_claim(redis.call('HGET', CLAIMS, id))
	local hash = redis.pcall('HMGET', task_key(id), 'status', 'crashes', 'priority', 'worker',
		'current_step')
	if hash.err or hash[1] ~= 'processing' then
		forget_ended(id, claim, not hash.err and hash[1], ARGV[2])
	else
		local crashes = count_of(hash[2]) + 1
		claim.priority = claim.token and claim.priority or hash[3] or 'normal'
		if claim.token and not claim.started then
			give_back(id, claim, true)
			recovered = recovered + 1
		elseif crashes < tonumber(ARGV[1]) then
			redis.call('HSET', task_key(id), 'crashes', crashes)
			give_back(id, claim, false)
			recovered = recovered + 1
		else
			fail_lost(id, claim, hash[4], hash[5])
		end
	end
end

-- What is held has a lease and stands in the set. A missing lease is granted once, so that it can
-- expire; what is not processing is not held.
local function check_held(id, status)
	if status ~= 'processing' then
		forget_ended(id, read_claim(redis.call('HGET', CLAIMS, id)), status, ARGV[2])
	else
		redis.call('ZADD', LEASE, 'NX', now_ms + tonumber(ARGV[3]), id)
		redis.call('SADD', PROCESSING, id)
	end
end

for _, held in ipairs({redis.call('SRANDMEMBER', PROCESSING, BOUND),
	redis.call('ZRANDMEMBER', LEASE, BOUND), redis.call('HRANDFIELD', CLAIMS, BOUND)}) do
	for _, id in ipairs(held) do
		local status = redis.pcall('HGET', task_key(id), 'status')
		check_held(id, type(status) == 'string' and status)
	end
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', WORKERS, '-inf', now_ms, 'LIMIT', 0, 10)) do
	recovered = recovered + return_inbox(worker)
	redis.call('ZREM', WORKERS, worker)
	redis.call('DEL', worker_key(worker))
	if redis.call('GET', P .. ':janitor') == worker then
		redis.call('DEL', P .. ':janitor')
	end
	workers = workers + 1
end

-- What was noted of tasks that ended without a worker's word.
for _, id in ipairs(redis.call('HRANDFIELD', MEMOS, BOUND)) do
	local status = redis.pcall('HGET', task_key(id), 'status')
	if status ~= 'processing' and status ~= 'pending' then
		redis.call('HDEL', MEMOS, id)
	end
end

local indexes = index_keys('', '')
if #indexes > 0 then
	index_check(indexes[1 + math.floor(now_ms / 1000) % #indexes], 25)
	index_walk(indexes, 300)
end
-- once around in thirty reaps, as far as a step may be long
index_sweep(math.max(50, math.min(300, math.floor(redis.call('DBSIZE') / 30))), function(id, status)
	if status == 'processing' then
		check_held(id, status)
	elseif status == 'pending' then
		check_parked(id)
	else
		expire_ended(id, NEXT[status] and status, ARGV[2])
	end
end)
index_trim_users(3, 10)
recount(tonumber(ARGV[4]))
settle()
send_events()
return {recovered, failed, workers, #expired == BOUND and 1 or 0}
