-- The second half of a turn: claims. Whatever stands in a list may be foreign or broken, so it is
-- looked at before it is believed. What has the usual shape and may run is claimed here; of all else
-- lib_unusual's `consider` decides.
local USUAL_ID = '^%w+_%w+_%w+$'

-- Takes ids off a list. Those that are claimed go into the lists of `got`.
local function claim_tasks(ids, priority, got, options)
	local call, try, find, limit, most = redis.call, redis.pcall, string.find, options.user_limit,
		options.data_limit
	local key_of, now_text, worker = TASK, now_text, options.worker
	local mine, claims, tasks = got.ids, got.claims, got.tasks
	local kinds, at = got.kinds, #mine
	local last, last_group = #kinds, got.last_group
	for i = 1, #ids do
		local id = ids[i]
		local key, group, attempts, counts = key_of .. id, nil, '1', '1 1 0'
		local hash = try('HMGET', key, 'status', 'data', 'created_at', 'attempts', 'priority',
			'parked')
		local data = hash[2]
		if hash[1] == 'pending' and data and not hash[4] and not hash[6]
			and (hash[5] or 'normal') == priority and #data <= most and #id <= 128
			and find(id, USUAL_ID) then
			local name, user = read_usual(data)
			local mode = options.modes[name or '']
			if mode and mode.free > 0 then
				group = mode.groups[priority][user] or new_group(mode, priority, user, options)
				local person = limit > 0 and group.person
				if person and (person.held >= limit or person.parked > 0) then
					group = nil
				end
			end
		end
		if not group then
			group, attempts, counts = seldom().consider(id, key, hash, priority, options)
		end
		if group then
			local mode, person, to = group.mode, group.person, 3 * at
			call('HSET', key, 'status', 'processing', 'started_at', now_text, 'updated_at', now_text,
				'attempts', attempts, 'worker', worker, 'progress', '0')
			mode.free, mode.claimed = mode.free - 1, mode.claimed + 1
			if person then
				person.held = person.held + 1
			end
			at = at + 1
			mine[at] = id
			claims[2 * at - 1], claims[2 * at] = id, group.claim
			tasks[to + 1], tasks[to + 2], tasks[to + 3] = id, data, hash[3] or ''
			if group == last_group and counts == kinds[last - 1] then
				kinds[last - 2] = kinds[last - 2] + 1
			else
				kinds[last + 1], kinds[last + 2], kinds[last + 3] = 1, counts, group.text
				last, last_group = last + 3, group
			end
		end
	end
	got.last_group = last_group
end

local function length_of(list)
	if not lengths[list] then
		local length = redis.pcall('LLEN', list)
		if type(length) ~= 'number' then
			add_problem(list, '', 'The key is not a list. Delete or rename it.')
			length = 0
		end
		lengths[list] = length
	end
	return lengths[list]
end

-- Empties a list into `got` until there are `want`, within a bound of looked-at ids.
local function claim_from(list, priority, got, options)
	while #got.ids < options.want and options.bound > 0 and length_of(list) > 0 do
		local ids = redis.call('LPOP', list, math.min(options.want - #got.ids, options.bound))
		if not ids then
			lengths[list] = 0
			return
		end
		lengths[list] = lengths[list] - #ids
		options.bound = options.bound - #ids
		claim_tasks(ids, priority, got, options)
	end
end

-- No task: longer than what Redis keeps in a listpack (zset-max-listpack-value, 64), which is read from
-- end to end for each member that comes or goes. A sorted set that once held it is none any more.
local NO_LISTPACK = 'no task, only too long for a listpack, which the set is then no more'

local function write_claims(got, options)
	local ids, leases = got.ids, {}
	local lease_end = string.format('%.0f', now_ms + options.lease_ms)
	local is_many = #ids > 8
	for i = 1, #ids do
		leases[2 * i - 1], leases[2 * i] = lease_end, ids[i]
	end
	if is_many then
		leases[2 * #ids + 1], leases[2 * #ids + 2] = lease_end, NO_LISTPACK
	end
	if redis.call('EXISTS', MEMOS) == 1 then
		for i, memo in ipairs(redis.call('HMGET', MEMOS, unpack(ids))) do
			if memo then
				got.memos[#got.memos + 1], got.memos[#got.memos + 2] = i, memo
			end
		end
	end
	redis.call('SADD', PROCESSING, unpack(ids))
	redis.call('ZADD', LEASE, unpack(leases))
	if is_many then
		redis.call('ZREM', LEASE, NO_LISTPACK)
	end
	redis.call('HSET', CLAIMS, unpack(got.claims))
	local keys = {DELAYED, index_key('pending', '-')}
	for _, mode in pairs(options.modes) do
		keys[#keys + 1] = mode.claimed > 0 and index_key('pending', mode.name) or nil
	end
	if redis.call('EXISTS', unpack(keys)) > 0 then
		for _, key in ipairs(keys) do
			index_write('ZREM', key, unpack(ids))
		end
	end
	add_events(ids, 'processing')
end
