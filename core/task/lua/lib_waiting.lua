-- Reads the modes of a worker out of ARGV: `count` pairs of name and room from `at` on.
local function read_modes(at, count)
	local modes = {}
	for i = at, at + 2 * count - 1, 2 do
		modes[#modes + 1] = {name = ARGV[i], room = tonumber(ARGV[i + 1]),
			had_room = tonumber(ARGV[i + 1]) > 0}
	end
	return modes
end

-- Tasks in the queues, and in the waiting lists of modes with room.
local function count_waiting(modes)
	local count = 0
	local function add(key)
		local length = redis.pcall('LLEN', key)
		count = count + (type(length) == 'number' and length or 0)
	end
	for _, priority in ipairs(PRIORITIES) do
		add(QUEUES[priority])
		for _, mode in ipairs(modes) do
			if mode.had_room then
				add(wait_key(mode.name, priority))
			end
		end
	end
	return count
end
