-- KEYS are the same for every script: the names of task/keys.h, in its order. Keys of one task,
-- mode or worker derive from their prefix, so that {prefix} keeps all in one slot of a cluster.
local QUEUE, PROCESSING, LEASE, CLAIMS, DELAYED = KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local INDEXED = KEYS[8]
local COUNTS, MODES, WORKERS, STREAM = KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local RUNNING, UNKNOWN, GONE, MEMOS = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local P = QUEUE:sub(1, -#':task:queue' - 1)
local QUEUES = {high = KEYS[2], normal = QUEUE, low = KEYS[3]}
local PRIORITIES = {'high', 'normal', 'low'}

local TASK = P .. ':task:data:'

local function task_key(id)
	return TASK .. id
end

-- Matches the keys of all tasks.
local function task_pattern()
	return P:gsub('[%*%?%[%]\\]', '\\%0') .. ':task:data:*'
end

local function wait_key(mode, priority)
	return P .. ':task:wait:' .. mode .. (priority == 'normal' and '' or ':' .. priority)
end

local function user_key(user, priority)
	return P .. ':task:user:' .. priority .. ':' .. user
end

-- Where tasks stand whose user has a place again: before the queue of their priority.
local function ready_key(priority)
	return P .. ':task:ready' .. (priority == 'normal' and '' or ':' .. priority)
end

local function inbox_key(worker)
	return P .. ':task:inbox:' .. worker
end

local function worker_key(worker)
	return P .. ':worker:' .. worker
end

local function is_task_id(id)
	return #id <= 128 and id ~= '' and not id:find('[^%w_.-]') and id ~= '.' and id ~= '..'
end
