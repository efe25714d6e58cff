-- Reading the indexes, and keeping them right: bounded steps.

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

-- Takes out what is no more, as somebody deleted its hash: one step of a walk that goes through all
-- indexes, again and again.
local function index_walk(keys, count)
	local place = P .. ':task:walk'
	local text = redis.pcall('GET', place)
	local number, at = (type(text) == 'string' and text or ''):match('^(%d+) (%d+)$')
	number, at = tonumber(number) or 1, tonumber(at) or 0
	if number > #keys then
		number, at = 1, 0
	end
	local ids, names, gone = redis.call('ZRANGE', keys[number], at, at + count - 1), {}, 0
	for i, id in ipairs(ids) do
		names[i] = task_key(id)
	end
	if #ids > 0 and redis.call('EXISTS', unpack(names)) < #ids then
		for i, id in ipairs(ids) do
			if redis.call('EXISTS', names[i]) == 0 then
				index_drop(id)
				gone = gone + 1
			end
		end
	end
	if #ids < count then
		number, at = number + 1, 0
	else
		at = at + #ids - gone
	end
	redis.call('SET', place, number .. ' ' .. at)
end

-- Takes in the newest tasks of the queues: foreign clients only push.
local function index_adopt(count)
	for _, queue in pairs(QUEUES) do
		local ids = redis.pcall('LRANGE', queue, -count, -1)
		for _, id in ipairs(not ids.err and ids or {}) do
			if is_task_id(id) then
				local hash = redis.pcall('HMGET', task_key(id), 'status', 'created_at', 'data')
				local mode = not hash.err and hash[1] == 'pending' and indexed_mode((mode_of(hash[3])))
				if mode and not redis.pcall('ZSCORE', index_key('pending', mode), id) then
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

-- Takes what is no more out of the front of users' indexes: bounded steps, of users at random.
local function index_trim_users(users, steps)
	for _, user in ipairs(redis.call('SRANDMEMBER', P .. ':task:indexed:users', users)) do
		local key, left = user_index_key(user), steps
		while left > 0 do
			local ids, keys = redis.pcall('ZRANGE', key, 0, 99), {}
			for i, id in ipairs(ids.err and {} or ids) do
				keys[i] = task_key(id)
			end
			left = left - 1
			if #keys == 0 then
				redis.call('SREM', P .. ':task:indexed:users', user)
				left = 0
			elseif redis.call('EXISTS', unpack(keys)) == 0 then
				redis.call('ZREMRANGEBYRANK', key, 0, #keys - 1)
			else
				for i, id in ipairs(ids) do
					if redis.call('EXISTS', keys[i]) == 0 then
						redis.call('ZREM', key, id)
					end
				end
				left = 0
			end
		end
	end
end

local function count_from(keys, least)
	local count = 0
	for _, key in ipairs(keys) do
		count = count + redis.call('ZCOUNT', key, least, '+inf')
	end
	return count
end

local function score_text(ms)
	return string.format('%.0f', ms)
end

-- Where a page begins: the time of its first task, and how many of that very time come before.
local function find_start(keys, offset)
	local low, high = 0, 1e13
	if offset == 0 then
		return '+inf', 0
	end
	while low < high do
		local middle = math.floor((low + high + 1) / 2)
		if count_from(keys, score_text(middle)) > offset then
			low = middle
		else
			high = middle - 1
		end
	end
	return score_text(low), offset - count_from(keys, '(' .. score_text(low))
end

-- Ids of several indexes as if they were one, newest first. It costs no more far behind than in
-- front: ranks are found by time, not walked.
local function newest(keys, offset, count)
	local start, skip = find_start(keys, offset)
	local rows, at, ids = {}, {}, {}
	for i, key in ipairs(keys) do
		local rank = start == '+inf' and 0 or redis.call('ZCOUNT', key, '(' .. start, '+inf')
		local same = start == '+inf' and 0 or redis.call('ZCOUNT', key, start, start)
		local dropped = math.min(skip, same)
		skip = skip - dropped
		rank = rank + dropped
		rows[i] = redis.call('ZREVRANGE', key, rank, rank + count - 1, 'WITHSCORES')
		at[i] = 1
	end
	while #ids < count do
		local best, score = nil, nil
		for i, row in ipairs(rows) do
			local here = tonumber(row[at[i] + 1])
			if here and (not best or here > score) then
				best, score = i, here
			end
		end
		if not best then
			break
		end
		ids[#ids + 1] = rows[best][at[best]]
		at[best] = at[best] + 2
	end
	return ids
end
