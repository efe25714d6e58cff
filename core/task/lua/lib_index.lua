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

-- list: score, id, ... as ZADD takes them.
local function index_add(status, mode, list)
	redis.call('SADD', INDEXED, mode)
	index_write('ZADD', index_key(status, mode), unpack(list))
end
