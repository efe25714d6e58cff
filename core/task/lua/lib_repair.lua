-- The indexes made right.
-- The mode as the indexes have it: strangers' spellings do not each make keys of their own.
local function indexed_mode(mode)
	local seen = mode and redis.call('HGET', MODES, mode)
	if seen and seen ~= '0' or mode and redis.call('SISMEMBER', INDEXED, mode) == 1 then
		return mode
	end
	return '-'
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
		leave_files(id)
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
	local mode, user = mode_of(hash[3])
	mode = indexed_mode(mode)
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
	if user ~= '' then
		index_users({[user] = place})
	end
	return hash[1]
end
