-- Who holds what. A claim is "<token> <created, ms: 13 digits> <1: it was started> <mode> <worker>
-- <priority> <user>"; a turn has many with the same four last words, which it reads once.
local groups = {}

local function read_group(text)
	local group = groups[text]
	if not group then
		local mode, worker, priority, user = text:match('^(%S+) (%S+) (%S+) (.*)$')
		group = {mode = mode or '-', worker = worker or '', priority = priority or 'normal',
			user = user or ''}
		groups[text] = group
	end
	return group
end

local function read_claim(text)
	local token, created, started, rest =
		(text or ''):match('^(%S+) (%-?%d+) ([01]) (%S+ %S+ %S+ .*)$')
	local group = token and read_group(rest) or {}
	return {token = token, mode = group.mode, worker = group.worker,
		priority = group.priority or 'normal', started = started == '1', created = created,
		user = group.user or ''}
end

local function claim_text(claim)
	return claim.token .. ' ' .. claim.created .. ' ' .. (claim.started and '1' or '0') .. ' '
		.. claim.mode .. ' ' .. claim.worker .. ' ' .. claim.priority .. ' ' .. claim.user
end

-- Ends the holding of a task, whatever becomes of it. ended: its user's place goes to another one.
local function forget(id, claim, ended)
	redis.call('SREM', PROCESSING, id)
	redis.call('ZREM', LEASE, id)
	redis.call('HDEL', CLAIMS, id)
	if claim.token then
		count_held(claim, -1)
		if ended then
			free_places(claim, 1)
		end
	end
end

-- It ended without a worker that could remove what a killed attempt may have published: the janitor
-- does.
local function leave_files(id, status)
	if status ~= 'done' and redis.call('HEXISTS', task_key(id), 'attempts') == 1 then
		redis.call('SADD', GONE, id)
	end
end

-- A foreign client cancelled it or ended it: it expires like any other.
local function expire_ended(id, status, retention)
	if status and not NEXT[status].claim and not NEXT[status].succeed and tonumber(retention) > 0
		and redis.call('TTL', task_key(id)) == -1 then
		redis.call('EXPIRE', task_key(id), retention)
		leave_files(id, status)
	end
end

-- A count out of a task's hash, whatever a stranger wrote there.
local function count_of(text)
	local count = math.floor(tonumber(text) or 0)
	return count >= 0 and count < 1e9 and count or 0
end

-- An attempt that does not count: it was never started, or put off.
local function uncount_attempt(key)
	local attempts = count_of(redis.call('HGET', key, 'attempts'))
	if attempts > 1 then
		redis.call('HSET', key, 'attempts', attempts - 1)
	else
		redis.call('HDEL', key, 'attempts')
	end
end

local function count_ended(mode, status, by)
	if mode then
		redis.call('HINCRBY', COUNTS, mode .. ':' .. status, by)
	end
end
