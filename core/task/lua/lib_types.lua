-- The error of a key of Formy's own that is of another type, or nil.
local function find_wrong_key()
	for key, expected in pairs({[PROCESSING] = 'set', [LEASE] = 'zset', [CLAIMS] = 'hash',
		[DELAYED] = 'zset', [INDEXED] = 'set', [COUNTS] = 'hash', [MODES] = 'hash',
		[WORKERS] = 'zset', [RUNNING] = 'hash', [UNKNOWN] = 'zset', [GONE] = 'set',
		[MEMOS] = 'hash', [STREAM] = 'stream'}) do
		local found = redis.call('TYPE', key).ok
		if found ~= 'none' and found ~= expected then
			return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. expected)
		end
	end
end
