-- The indexes, for lists and counts: one for each status (of processing there is the set) and each
-- mode that a worker ever served, of ids by creation. "-" stands for all other modes. They follow
-- from the hashes: what is wrong in them is put right when it is read.
local STATUSES = {'pending', 'done', 'failed', 'cancelled'}
local problems = {}

local function add_problem(what, code, text)
	problems[#problems + 1] = {what, code, text}
end

local function index_key(status, mode)
	return P .. ':task:index:' .. status .. ':' .. mode
end

-- A key of another type must not keep a task from its end.
local function index_write(command, key, ...)
	local result = redis.pcall(command, key, ...)
	if type(result) == 'table' and result.err then
		add_problem(key, '', 'The key is not a sorted set. Delete or rename it.')
		return 0
	end
	return result
end

-- The mode as the indexes have it: strangers' spellings do not each make keys of their own.
local function indexed_mode(mode)
	local seen = mode and redis.call('HGET', MODES, mode)
	if seen and seen ~= '0' or mode and redis.call('SISMEMBER', INDEXED, mode) == 1 then
		return mode
	end
	return '-'
end

-- list: score, id, ... as ZADD takes them.
local function index_add(status, mode, list)
	redis.call('SADD', INDEXED, mode)
	index_write('ZADD', index_key(status, mode), unpack(list))
end

-- The keys of one status or all (''), of one mode or all (''), always in the same order.
local function index_keys(status, mode)
	local keys, modes = {}, mode ~= '' and {mode} or redis.call('SMEMBERS', INDEXED)
	table.sort(modes)
	for _, one in ipairs(modes) do
		for _, name in ipairs(STATUSES) do
			if status == '' or status == name then
				local key = index_key(name, one)
				local found = redis.call('TYPE', key).ok
				if found == 'zset' then
					keys[#keys + 1] = key
				elseif found ~= 'none' then
					add_problem(key, '', 'The key is not a sorted set. Delete or rename it.')
				end
			end
		end
	end
	return keys
end

-- What leaves the indexes leaves its files to the janitor.
local function index_drop(id)
	local found = 0
	for _, key in ipairs(index_keys('', '')) do
		found = found + redis.call('ZREM', key, id)
	end
	if found > 0 and is_task_id(id) then
		redis.call('SADD', GONE, id)
	end
end

-- Makes the indexes tell the truth about one id, which may be foreign or gone. Returns its status,
-- nil when there is no task.
local function index_repair(id)
	local hash = is_task_id(id) and redis.pcall('HMGET', task_key(id), 'status', 'created_at', 'data')
	if not hash or hash.err or not hash[1] then
		index_drop(id)
		return nil
	end
	local mode = indexed_mode(mode_of(hash[3]))
	local place = time_ms(hash[2]) and {created_text(hash[2]), id} or {'NX', now_ms, id}
	for _, name in ipairs(STATUSES) do
		if name == hash[1] then
			index_add(name, mode, place)
		else
			index_write('ZREM', index_key(name, mode), id)
		end
		if mode ~= '-' then
			index_write('ZREM', index_key(name, '-'), id)
		end
	end
	return hash[1]
end
