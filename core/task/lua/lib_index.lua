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

-- Of a task that has not ended well or is no more: what any attempt of it may have published, the
-- janitor removes. No attempts are counted for that: one may have been taken back, as if it had not
-- begun. Whoever else removes the files is only sooner, and may be killed before.
local function leave_files(id)
	redis.call('SADD', GONE, id)
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

-- list: score, id, ... as ZADD takes them.
local function index_add(status, mode, list)
	redis.call('SADD', INDEXED, mode)
	index_write('ZADD', index_key(status, mode), unpack(list))
end

-- And one for each user, of all his tasks. What expires leaves it when it is read, and to the reaper.
local function user_index_key(user)
	return P .. ':task:index:user:' .. user
end

-- lists: of users, each as ZADD takes it.
local function index_users(lists)
	local users = {}
	for user, list in pairs(lists) do
		users[#users + 1] = user
		index_write('ZADD', user_index_key(user), unpack(list))
	end
	if #users > 0 then
		index_write('SADD', P .. ':task:indexed:users', unpack(users))
	end
end
