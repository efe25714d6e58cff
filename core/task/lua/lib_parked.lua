-- Tasks that wait for the limit of their user: each goes once from its queue into a list of its
-- user, and one goes on from there, to be claimed before the queue, for every one that ends.
local UNPARK_BOUND = 100
local unparked = 0
local reparked = {}

-- again: it came from there, and stays ahead of the rest.
local function park_for_user(id, user, priority, again)
	local list = user_key(user, priority)
	counter('u:' .. user).parked = counter('u:' .. user).parked + 1
	if again then
		reparked[#reparked + 1] = {list, id}
	else
		redis.call('HSET', task_key(id), 'parked', '1')
		redis.call('RPUSH', list, id)
	end
end

-- Makes up to `count` tasks of a user ready. Their field `parked` stays: their place is before
-- whatever of their user still waits.
local function unpark(user, count)
	local state, brought = counter('u:' .. user), 0
	for _, priority in ipairs(state.parked > 0 and PRIORITIES or {}) do
		while brought < count and unparked < UNPARK_BOUND do
			local id = redis.call('LPOP', user_key(user, priority))
			if not id then
				break
			end
			unparked, state.parked = unparked + 1, state.parked - 1
			local status = redis.pcall('HGET', task_key(id), 'status')
			if status == 'pending' then
				redis.call('RPUSH', ready_key(priority), id)
				lengths[ready_key(priority)] = nil
				brought, wake = brought + 1, true
			end
		end
	end
	if brought < count and unparked < UNPARK_BOUND then
		state.parked = 0
	end
end

local function unpark_freed()
	for user, count in pairs(freed) do
		unpark(user, count)
	end
	freed = {}
end

-- The end of every script that changes what is held: a mode with a place more may have tasks that
-- wait for it, perhaps for another worker.
local function settle()
	unpark_freed()
	for i = #reparked, 1, -1 do
		redis.call('LPUSH', reparked[i][1], reparked[i][2])
	end
	for name, count in pairs(counters) do
		local mode = count.change < 0 and name:match('^m:(.*)$')
		if mode and redis.call('EXISTS', wait_key(mode, 'high'), wait_key(mode, 'normal'),
				wait_key(mode, 'low')) > 0 then
			wake = true
		end
	end
	write_counters()
end

local function count_parked(user)
	local count = 0
	for _, priority in ipairs(PRIORITIES) do
		count = count + redis.call('LLEN', user_key(user, priority))
	end
	return count
end

-- Counts anew what counters say: those in use, and some at random. With more claims than a step may
-- read it is done the less often. A user with room gets what waits for it, unless what was made
-- ready before is still there.
local function recount(limit)
	local every = math.ceil((redis.call('HLEN', CLAIMS) + 1) / 5000)
	if every > 1 and math.floor(now_ms / 1000) % every > 0 then
		return
	end
	local held, names = {}, {}
	for _, text in ipairs(redis.call('HVALS', CLAIMS)) do
		local claim = read_claim(text)
		for _, name in ipairs(claim.token and {'m:' .. claim.mode, 'u:' .. claim.user} or {}) do
			if name ~= 'u:' then
				names[#names + 1] = not held[name] and name or nil
				held[name] = (held[name] or 0) + 1
			end
		end
	end
	local some = redis.call('HRANDFIELD', RUNNING, 100)
	for i = 1, #names, 1000 do
		load_counters({unpack(names, i, math.min(i + 999, #names))})
	end
	load_counters(some)
	for name, state in pairs(counters) do
		local count = held[name] or 0
		state.held, state.change = count, state.change + count - state.held
	end
	local clear = redis.call('EXISTS', ready_key('high'), ready_key('normal'), ready_key('low')) == 0
	for _, name in ipairs(some) do
		local state, user = counters[name], name:match('^u:(.*)$')
		state.parked = user and count_parked(user) or 0
		if clear and state.parked > 0 and (limit == 0 or state.held < limit) then
			unpark(user, limit == 0 and UNPARK_BOUND or limit - state.held)
		end
	end
end
