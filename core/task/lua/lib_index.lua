-- The indexes: all tasks, and those of one status (of processing there is the set), by creation.
-- What leaves them leaves its files to the janitor.
local function index_drop(id)
	if redis.call('ZREM', INDEX.all, id) == 1 and is_task_id(id) then
		redis.call('SADD', GONE, id)
	end
	for _, name in ipairs({'pending', 'done', 'failed', 'cancelled'}) do
		redis.call('ZREM', INDEX[name], id)
	end
end

-- Puts a task where its status says; created_ms is kept when the index knows it.
local function index_put(id, status, created_ms)
	local known = redis.call('ZSCORE', INDEX.all, id)
	local score = known or string.format('%.0f', created_ms or now_ms)
	if not known then
		redis.call('ZADD', INDEX.all, score, id)
	end
	for _, name in ipairs({'pending', 'done', 'failed', 'cancelled'}) do
		if name == status then
			redis.call('ZADD', INDEX[name], score, id)
		else
			redis.call('ZREM', INDEX[name], id)
		end
	end
end

-- Makes the indexes tell the truth about one id, which may be foreign or gone. Returns its status,
-- nil when there is no task.
local function index_repair(id)
	local hash = is_task_id(id) and redis.pcall('HMGET', task_key(id), 'status', 'created_at')
	if not hash or hash.err or not hash[1] then
		index_drop(id)
		return nil
	end
	index_put(id, hash[1], time_ms(hash[2]))
	return hash[1]
end

-- Looks at some ids of an index: the oldest, and some at random.
local function index_check(key, count)
	for _, id in ipairs(redis.call('ZRANGE', key, 0, count - 1)) do
		index_repair(id)
	end
	if redis.call('ZCARD', key) > count then
		for _, id in ipairs(redis.call('ZRANDMEMBER', key, count)) do
			index_repair(id)
		end
	end
end

-- Takes in the newest tasks of the queues that no index knows: foreign clients only push.
local function index_adopt(count)
	for _, queue in pairs(QUEUES) do
		local ids = redis.pcall('LRANGE', queue, -count, -1)
		if not ids.err and #ids > 0 then
			local known = redis.call('ZMSCORE', INDEX.all, unpack(ids))
			for i, id in ipairs(ids) do
				if not known[i] then
					index_repair(id)
				end
			end
		end
	end
end

-- Takes in tasks that stand in no queue: one step of a scan that goes round and round.
local function index_sweep(count, each)
	local at = redis.call('GET', P .. ':task:sweep') or '0'
	local step = redis.call('SCAN', at, 'MATCH', task_pattern(), 'COUNT', count)
	for _, key in ipairs(step[2]) do
		local id = key:sub(#P + #':task:data:' + 1)
		local status = index_repair(id)
		if status and each then
			each(id, status)
		end
	end
	redis.call('SET', P .. ':task:sweep', step[1])
end
