-- The first half of a turn: outcomes. Each is checked against its claim, so a late worker changes
-- nothing, and an outcome that is sent again is known for what it is.

-- A claim as read_claim has it, read once for all outcomes of tasks that were claimed alike: how
-- many ended by now, `to`: what goes into the index of its mode, by new status, and `own`: what goes
-- into its user's. nil for what is no claim.
local function read_shared(text, shared, lists)
	local claim = read_claim(text)
	if not claim.token then
		return nil
	end
	claim.count, claim.to = 0, lists[claim.mode] or {done = {}}
	lists[claim.mode] = claim.to
	claim.own = claim.user ~= '' and {} or nil
	shared[text] = claim
	return claim
end

local function append(to, list)
	for _, item in ipairs(list) do
		to[#to + 1] = item
	end
end

-- ids: those that ended, by their new status.
local function write_books(ids, lists, shared)
	for status, list in pairs(ids) do
		redis.call('SREM', PROCESSING, unpack(list))
		redis.call('ZREM', LEASE, unpack(list))
		redis.call('HDEL', CLAIMS, unpack(list))
		if status ~= 'pending' and redis.call('EXISTS', MEMOS) == 1 then
			redis.call('HDEL', MEMOS, unpack(list))
		end
		add_events(list, status)
	end
	for mode, by_status in pairs(lists) do
		for status, list in pairs(by_status) do
			if #list > 0 then
				index_add(status, mode, list)
			end
			if #list > 0 and status ~= 'pending' then
				count_ended(mode, status, #list / 2)
			end
		end
	end
	local users, names = {}, {}
	for _, claim in pairs(shared) do
		names[#names + 1] = 'm:' .. claim.mode
		names[#names + 1] = claim.own and 'u:' .. claim.user
	end
	load_counters(names)
	for _, claim in pairs(shared) do
		count_held(claim, -claim.count)
		free_places(claim, claim.count)
		if claim.own and #claim.own > 0 then
			users[claim.user] = users[claim.user] or {}
			append(users[claim.user], claim.own)
		end
	end
	index_users(users)
end

-- What was done, from ARGV[first] on: columns of ids, tokens, times of creation, seconds, "1" for those
-- that told a step, JSON. A token is there once for ids that have it one after another, and the steps
-- are one word, as each word costs. Returns the ids that were written.
local function finish_done(first, done, all, claims, retention, shared, lists, refuse)
	local ARGV, call, try, key_of, now_text = ARGV, redis.call, redis.pcall, TASK, now_text
	local run, runs = first + done - 1, tonumber(ARGV[first + done])
	local times = first + done + 2 * runs
	local seconds, steps, texts = times + done, ARGV[times + 2 * done + 1], times + 2 * done + 1
	local token, left, is_step = nil, 0, steps:find('1', 1, true)
	local ended, whole = {}, true
	for i = 1, done do
		if left == 0 then
			run = run + 2
			token, left = ARGV[run], tonumber(ARGV[run + 1])
		end
		left = left - 1
		local id, text = all[i], claims[i]
		local key = key_of .. id
		local status = try('HGET', key, 'status')
		local claim = text and (shared[text] or read_shared(text, shared, lists))
		if status == 'processing' and claim and claim.token == token then
			call('HSET', key, 'status', 'done', 'updated_at', now_text, 'completed_at', now_text,
				'processing_time', ARGV[seconds + i], 'progress', '100', 'result', ARGV[texts + i])
			if is_step and steps:byte(i) == 49 then
				call('HSET', key, 'current_step', 'Done')
			end
			if retention then
				call('EXPIRE', key, retention)
			end
			local list = claim.to.done
			local size, created = #list, ARGV[times + i]
			list[size + 1], list[size + 2] = created ~= '' and created or now_ms, id
			claim.count = claim.count + 1
			local own = claim.own
			if own then
				own[#own + 1] = list[size + 1]
				own[#own + 1] = id
			end
			if not whole then
				ended[#ended + 1] = id
			end
		else
			if whole then
				whole, ended = false, {unpack(all, 1, i - 1)}
			end
			refuse(i, key, status, text, {id = id, token = token, verdict = 'done',
				seconds = ARGV[seconds + i], json = ARGV[texts + i]})
		end
	end
	return whole and {unpack(all, 1, done)} or ended
end

-- From ARGV[first] on: `done` successes in columns, then the others, as lib_outcome has them.
-- Returns numbers of outcomes that were not written, each with what became of it.
local function finish_tasks(first, count, done, worker, retention)
	local answers, ids, shared, lists = {}, {}, {}, {}
	if count == 0 then
		return answers
	end
	local all = {unpack(ARGV, first, first + done - 1)}
	local others = first + 4 * done + 2 + 2 * tonumber(ARGV[first + done]) - 8 * (done + 1)
	for i = done + 1, count do
		all[i] = ARGV[others + 8 * i]
	end
	local claims = redis.call('HMGET', CLAIMS, unpack(all))
	local function refuse(i, key, status, text, outcome)
		answers[#answers + 1] = i
		answers[#answers + 1] = seldom().refuse_outcome(key, status, text, worker, outcome, retention)
	end
	local ended = finish_done(first, done, all, claims, retention, shared, lists, refuse)
	ids.done = #ended > 0 and ended or nil
	for i = done + 1, count do
		local at, text = others + 8 * i, claims[i]
		local key = TASK .. all[i]
		local status = redis.pcall('HGET', key, 'status')
		local claim = text and (shared[text] or read_shared(text, shared, lists))
		if status == 'processing' and claim and claim.token == ARGV[at + 1]
			and ARGV[at + 3] ~= 'left' then
			local to = seldom().write_other(key, at)
			if retention and to ~= 'pending' then
				redis.call('EXPIRE', key, retention)
			end
			local list = claim.to[to] or {}
			claim.to[to], ids[to] = list, ids[to] or {}
			list[#list + 1] = ARGV[at + 7] ~= '' and ARGV[at + 7] or now_ms
			list[#list + 1] = all[i]
			ids[to][#ids[to] + 1] = all[i]
			append(claim.own or {}, {list[#list - 1], all[i]})
			claim.count = claim.count + 1
		else
			refuse(i, key, status, text, {id = all[i], token = ARGV[at + 1], attempt = ARGV[at + 2],
				verdict = ARGV[at + 3]})
		end
	end
	write_books(ids, lists, shared)
	return answers
end
