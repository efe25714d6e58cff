-- uses: names keys probe types guard time time_read state usual data index repair search
-- Lists tasks, newest first. What the indexes do not know yet is taken in, what is wrong in them
-- is put right on the way. KEYS lib_keys; ARGV 1 status or "" 2 mode or "" 3 user or "" 4 offset
-- 5 count. Returns the number that match, and id and HGETALL of each of the page.
local WALK = 2000
local status, mode, user = ARGV[1], ARGV[2], ARGV[3]
local offset, count = tonumber(ARGV[4]), tonumber(ARGV[5])
local running = index_key('running', '-')

index_adopt(200)
index_sweep(redis.call('DBSIZE') <= 1000 and 1000 or 50)

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

local function drop(id)
	index_repair(id)
	if user ~= '' then
		redis.call('ZREM', user_index_key(user), id)
	end
end

-- One read for each of the many that a filter looks at; the indexes are touched only where they are
-- wrong.
local function passes(id)
	local hash = redis.pcall('HMGET', task_key(id), 'status',
		mode ~= '' and 'data' or 'status')
	if hash.err or not hash[1] then
		drop(id)
		return false
	end
	return (status == '' or hash[1] == status) and is_of(hash[2], 'mode', mode)
end

local function matches(id)
	local found = index_repair(id)
	if not found and user ~= '' then
		drop(id)
	end
	return found and (status == '' or found == status)
end

-- Of the tasks that run there is a set only: an index of them, for as long as this script runs. A
-- user's go into the user's own.
local function index_running(key)
	for _, id in ipairs(redis.call('SMEMBERS', PROCESSING)) do
		local hash = redis.pcall('HMGET', task_key(id), 'status', 'created_at', 'data')
		if not hash.err and hash[1] == 'processing' and is_of(hash[3], 'mode', mode)
			and is_of(hash[3], 'user_id', user) then
			redis.call('ZADD', key, created_text(hash[2]), id)
		end
	end
	return redis.call('EXISTS', key) == 1
end

local keys = {}
local index_of = mode == '' and '' or indexed_mode(mode)
if user ~= '' then
	index_running(user_index_key(user))
	keys[1] = user_index_key(user)
elseif status ~= 'processing' then
	keys = index_keys(status, index_of)
end
if user == '' and (status == '' or status == 'processing') then
	redis.call('DEL', running)
	keys[#keys + 1] = index_running(running) and running or nil
end

local page, total = {}, 0
if user == '' and index_of ~= '-' or user ~= '' and status == '' and mode == '' then
	local tries = 0
	repeat
		local stale = false
		page, tries = newest(keys, offset, count), tries + 1
		for _, id in ipairs(page) do
			stale = not matches(id) or stale
		end
	until not stale or tries > 1000
	for _, key in ipairs(keys) do
		total = total + redis.call('ZCARD', key)
	end
else
	for _, id in ipairs(newest(keys, 0, WALK)) do
		if passes(id) then
			total = total + 1
			if total > offset and #page < count then
				page[#page + 1] = id
			end
		end
	end
end
redis.call('DEL', running)
local tasks = {}
for i, id in ipairs(page) do
	tasks[i] = {id, redis.call('HGETALL', task_key(id))}
end
return {total, tasks}
