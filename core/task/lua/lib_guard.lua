-- Fails before anything is written when the server takes no writes (full, a replica, a bad disk),
-- or when a key of Formy's own is of another type. Writing an empty range changes nothing.
redis.call('SETRANGE', P .. ':task:probe', 0, '')
for key, expected in pairs({[PROCESSING] = 'set', [LEASE] = 'zset', [CLAIMS] = 'hash',
	[DELAYED] = 'zset', [INDEXED] = 'set', [COUNTS] = 'hash', [MODES] = 'hash',
	[WORKERS] = 'zset', [RUNNING] = 'hash', [UNKNOWN] = 'zset', [GONE] = 'set',
	[MEMOS] = 'hash', [STREAM] = 'stream'}) do
	local found = redis.call('TYPE', key).ok
	if found ~= 'none' and found ~= expected then
		return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. expected)
	end
end
