-- KEYS are the same for every script: the names of task/keys.h, in its order. Keys of one task,
-- mode or worker derive from their prefix, so that {prefix} keeps all in one slot of a cluster.
local QUEUE, PROCESSING, LEASE, CLAIMS, DELAYED = KEYS[1], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local INDEX = {all = KEYS[8], pending = KEYS[9], done = KEYS[10], failed = KEYS[11],
	cancelled = KEYS[12]}
local COUNTS, MODES, WORKERS, STREAM = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local RUNNING, UNKNOWN, GONE = KEYS[17], KEYS[18], KEYS[19]
local P = QUEUE:sub(1, -#':task:queue' - 1)
local QUEUES = {high = KEYS[2], normal = QUEUE, low = KEYS[3]}
local PRIORITIES = {'high', 'normal', 'low'}

local function task_key(id)
	return P .. ':task:data:' .. id
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

-- Whom a task counts for, out of its decoded `data`; "": nobody.
local function user_of(data)
	local user = data.user_id
	if type(user) == 'number' then
		user = string.format('%.0f', user)
	end
	return type(user) == 'string' and #user <= 128 and user or ''
end

local function is_mode(mode)
	return type(mode) == 'string' and #mode <= 64 and mode:find('^%u[%u%d_]+$')
end
