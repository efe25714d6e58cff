-- Who holds what. A claim is "<token> <mode> <worker> <priority> <1: it was started> <created ms>
-- <user>".
local function read_claim(text)
	local token, mode, worker, priority, started, created, user =
		(text or ''):match('^(%S+) (%S+) (%S+) (%S+) ([01]) (%-?%d+) (.*)$')
	return {token = token, mode = mode, worker = worker, priority = priority or 'normal',
		started = started == '1', created = created, user = user or ''}
end

local function claim_text(claim)
	return claim.token .. ' ' .. claim.mode .. ' ' .. claim.worker .. ' ' .. claim.priority .. ' '
		.. (claim.started and '1' or '0') .. ' ' .. claim.created .. ' ' .. claim.user
end

-- Ends the holding of a task, whatever becomes of it. ended: its user's place goes to another one.
local function forget(id, claim, ended)
	redis.call('SREM', PROCESSING, id)
	redis.call('ZREM', LEASE, id)
	redis.call('HDEL', CLAIMS, id)
	if claim.token then
		count_held(claim, -1)
		if ended then
			free_place(claim)
		end
	end
end

-- A foreign client cancelled it or ended it: it expires like any other.
local function expire_ended(id, status, retention)
	if status and not NEXT[status].claim and not NEXT[status].succeed and tonumber(retention) > 0
		and redis.call('TTL', task_key(id)) == -1 then
		redis.call('EXPIRE', task_key(id), retention)
	end
end

local function count_ended(mode, status, by)
	if mode then
		redis.call('HINCRBY', COUNTS, mode .. ':' .. status, by)
	end
end
