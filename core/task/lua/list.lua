-- uses: keys guard time state index
-- Lists tasks, newest first. What the indexes do not know yet is taken in, what is wrong in them
-- is put right on the way. KEYS lib_keys; ARGV 1 status or "" 2 mode or "" 3 user or "" 4 offset
-- 5 count. Returns the number that match, and id and HGETALL of each of the page.
local WALK = 10000
local status, mode, user = ARGV[1], ARGV[2], ARGV[3]
local offset, count = tonumber(ARGV[4]), tonumber(ARGV[5])
local index = INDEX[status ~= '' and status or 'all']

index_adopt(200)
index_sweep(redis.call('DBSIZE') <= 1000 and 1000 or 100)

-- Whether `data` says so; most that do not are known without reading it as JSON.
local function is_of(text, name, wanted)
	if wanted == '' then
		return true
	elseif not text or not text:find(wanted, 1, true) and not text:find('\\', 1, true) then
		return false
	end
	local ok, data = pcall(cjson.decode, text)
	return ok and type(data) == 'table'
		and (name == 'user_id' and user_of(data) or data[name]) == wanted
end

-- One read for each of the many that a filter looks at; the indexes are touched only where they are
-- wrong.
local function passes(id)
	local hash = redis.pcall('HMGET', task_key(id), 'status', 'data')
	if hash.err or not hash[1] or status ~= '' and hash[1] ~= status then
		index_repair(id)
		return false
	end
	return is_of(hash[2], 'mode', mode) and is_of(hash[2], 'user_id', user)
end

local function matches(id)
	local found = index_repair(id)
	return found and (status == '' or found == status)
end

local function processing()
	local ids, created = redis.call('SMEMBERS', PROCESSING), {}
	for _, id in ipairs(ids) do
		created[id] = tonumber(redis.call('ZSCORE', INDEX.all, id) or '0')
	end
	table.sort(ids, function(a, b)
		return created[a] > created[b] or created[a] == created[b] and a > b
	end)
	return ids
end

local page, total = {}, 0
if index and mode == '' and user == '' then
	repeat
		local stale = false
		page = redis.call('ZREVRANGE', index, offset, offset + count - 1)
		for _, id in ipairs(page) do
			stale = not matches(id) or stale
		end
	until not stale
	total = redis.call('ZCARD', index)
else
	for _, id in ipairs(index and redis.call('ZREVRANGE', index, 0, WALK - 1) or processing()) do
		if passes(id) then
			total = total + 1
			if total > offset and #page < count then
				page[#page + 1] = id
			end
		end
	end
end
local tasks = {}
for i, id in ipairs(page) do
	tasks[i] = {id, redis.call('HGETALL', task_key(id))}
end
return {total, tasks}
