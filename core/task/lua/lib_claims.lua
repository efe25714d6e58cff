-- Who holds what. A claim is "<token> <1: it was started> <mode> <worker> <priority> <user>", the
-- same text for all tasks that a script claims alike.
local function read_claim(text)
	local token, started, mode, worker, priority, user =
		(text or ''):match('^(%S+) ([01]) (%S+) (%S+) (%S+) (.*)$')
	return {token = token, started = started == '1', mode = mode, worker = worker,
		priority = priority or 'normal', user = user or ''}
end

local function claim_text(claim)
	return claim.token .. ' ' .. (claim.started and '1' or '0') .. ' ' .. claim.mode .. ' '
		.. claim.worker .. ' ' .. claim.priority .. ' ' .. claim.user
end

local function count_ended(mode, status, by)
	if mode then
		redis.call('HINCRBY', COUNTS, mode .. ':' .. status, by)
	end
end
