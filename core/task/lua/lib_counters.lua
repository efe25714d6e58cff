-- Counters, one field a user ("u:<user>") and a mode ("m:<mode>"), "<held> <parked>": tasks that
-- workers hold, and pending tasks that stand in the lists of their user. Read once and written
-- once a script.
local counters = {}
local freed = {}

-- How long lists are, once a turn has asked. Whoever lengthens one forgets it here.
local lengths = {}

local function load_counters(names)
	local missing = {}
	for _, name in ipairs(names) do
		if not counters[name] then
			counters[name] = {held = 0, parked = 0, change = 0, was = '0 0'}
			missing[#missing + 1] = name
		end
	end
	if #missing == 0 then
		return
	end
	for i, text in ipairs(redis.call('HMGET', RUNNING, unpack(missing))) do
		local held, parked = (text or ''):match('^(%d+) (%d+)$')
		if held then
			counters[missing[i]] = {held = tonumber(held), parked = tonumber(parked), change = 0,
				was = text}
		end
	end
end

local function counter(name)
	if not counters[name] then
		load_counters({name})
	end
	return counters[name]
end

-- Claims begin or, below 0, end. change: what became of them in this script, also of those that were
-- not counted when they began.
local function count_held(claim, by)
	local mode = counter('m:' .. claim.mode)
	mode.held, mode.change = math.max(0, mode.held + by), mode.change + by
	if claim.user ~= '' then
		local user = counter('u:' .. claim.user)
		user.held = math.max(0, user.held + by)
	end
end

-- Places of the claim's user are free, for tasks that wait for one.
local function free_places(claim, by)
	if claim.user ~= '' then
		freed[claim.user] = (freed[claim.user] or 0) + by
	end
end

-- Whether a place that was freed may be for a task that waits for it.
local function has_freed()
	for user in pairs(freed) do
		if counter('u:' .. user).parked > 0 then
			return true
		end
	end
	return false
end

local function write_counters()
	local set, del = {}, {}
	for name, count in pairs(counters) do
		local text = string.format('%.0f %.0f', count.held, math.max(0, count.parked))
		if text ~= count.was then
			if text == '0 0' then
				del[#del + 1] = name
			else
				set[#set + 1], set[#set + 2] = name, text
			end
			count.was = text
		end
	end
	if #set > 0 then
		redis.call('HSET', RUNNING, unpack(set))
	end
	if #del > 0 then
		redis.call('HDEL', RUNNING, unpack(del))
	end
end
