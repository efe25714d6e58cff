-- Reads the modes of a worker out of ARGV: `count` triples of name, room here and limit everywhere (0: none) from `at` on.
local function read_modes(at, count)
	local modes = {}
	for i = at, at + 3 * count - 1, 3 do
		modes[#modes + 1] = {name = ARGV[i], room = tonumber(ARGV[i + 1]),
			limit = tonumber(ARGV[i + 2])}
	end
	return modes
end

-- free: what may be claimed of a mode, with regard to what all workers together may hold.
local function limit_rooms(modes)
	for _, mode in ipairs(modes) do
		mode.free = mode.room
		if mode.limit > 0 then
			mode.free = math.min(mode.room,
				math.max(0, mode.limit - counter('m:' .. mode.name).held))
		end
		mode.had_room = mode.free > 0
	end
end

-- Tasks in the queues, and in the waiting lists of modes with room.
local function count_waiting(modes)
	local count = 0
	local function add(key)
		local length = lengths[key] or redis.pcall('LLEN', key)
		count = count + (type(length) == 'number' and length or 0)
	end
	for _, priority in ipairs(PRIORITIES) do
		add(QUEUES[priority])
		add(ready_key(priority))
		for _, mode in ipairs(modes) do
			if mode.had_room then
				add(wait_key(mode.name, priority))
			end
		end
	end
	return count
end
