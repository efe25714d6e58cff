-- Who holds what. A claim is "<token> <1: it was started> <mode> <worker> <priority> <user>", the
-- same text for all tasks that a script claims alike. Spaces make it longer than what Redis keeps in a
-- listpack (hash-max-listpack-value, 64), which is read from end to end for each task.
local function claim_words(token, started, mode, worker, rest)
	return string.format('%-64s ', token .. ' ' .. started .. ' ' .. mode .. ' ' .. worker) .. rest
end

local function read_claim(text)
	local token, started, mode, worker, priority, user =
		(text or ''):match('^(%S+) ([01]) (%S+) (%S+) +(%S+) (.*)$')
	return {token = token, started = started == '1', mode = mode, worker = worker,
		priority = priority or 'normal', user = user or ''}
end

local function claim_text(claim)
	return claim_words(claim.token, claim.started and '1' or '0', claim.mode, claim.worker,
		claim.priority .. ' ' .. claim.user)
end

local function count_ended(mode, status, by)
	if mode then
		redis.call('HINCRBY', COUNTS, mode .. ':' .. status, by)
	end
end
