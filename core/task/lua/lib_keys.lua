-- Names of keys.
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
