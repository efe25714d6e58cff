-- The first half of a turn: outcomes. Each is checked against its claim, so a late worker changes
-- nothing, and an outcome that is sent again is known for what it is.

-- A claim as read_claim has it, read once for all outcomes of tasks that were claimed alike: how
-- many ended by now, and `to`: what goes into the index of its mode, by new status.
local function read_shared(text, shared, lists)
	local claim = read_claim(text)
	claim.count = 0
	claim.to = lists[claim.mode] or {}
	lists[claim.mode] = claim.to
	shared[text] = claim
	return claim
end

local function write_books(ids, ended, final, lists, shared)
	redis.call('SREM', PROCESSING, unpack(ended))
	redis.call('ZREM', LEASE, unpack(ended))
	redis.call('HDEL', CLAIMS, unpack(ended))
	if #final > 0 and redis.call('EXISTS', MEMOS) == 1 then
		redis.call('HDEL', MEMOS, unpack(final))
	end
	for mode, by_status in pairs(lists) do
		for status, list in pairs(by_status) do
			index_add(status, mode, list)
			if status ~= 'pending' then
				count_ended(mode, status, #list / 2)
			end
		end
	end
	for status, list in pairs(ids) do
		add_events(list, status)
	end
	for _, claim in pairs(shared) do
		count_held(claim, -claim.count)
		free_places(claim, claim.count)
	end
end

-- From ARGV[first] on: `done` successes in columns (ids, tokens, times of creation, seconds, JSON),
-- then the others, as lib_outcome has them. Returns numbers of outcomes that were not written, each
-- with what became of it.
local function finish_tasks(first, count, done, worker, retention)
	local answers, ended, final, ids, shared, lists = {}, {}, {}, {}, {}, {}
	local ARGV, call, try = ARGV, redis.call, redis.pcall
	if count == 0 then
		return answers
	end
	local all = {unpack(ARGV, first, first + done - 1)}
	local tokens, times, seconds, texts, others =
		first + done - 1, first + 2 * done - 1, first + 3 * done - 1, first + 4 * done - 1,
		first + 5 * done - 8 * (done + 1)
	for i = done + 1, count do
		all[i] = ARGV[others + 8 * i]
	end
	local claims = call('HMGET', CLAIMS, unpack(all))
	for i = 1, count do
		local id, text, at, to = all[i], claims[i], others + 8 * i, nil
		local key = TASK .. id
		local status = try('HGET', key, 'status')
		local claim = text and (shared[text] or read_shared(text, shared, lists))
		if status == 'processing' and claim
			and claim.token == (i <= done and ARGV[tokens + i] or ARGV[at + 1]) then
			if i <= done then
				to = 'done'
				call('HSET', key, 'status', 'done', 'updated_at', now_text, 'completed_at', now_text,
					'processing_time', ARGV[seconds + i], 'progress', '100', 'current_step', 'Done',
					'result', ARGV[texts + i])
			else
				to = seldom().write_other(key, at)
			end
			if to ~= 'pending' then
				final[#final + 1] = id
				if retention then
					call('EXPIRE', key, retention)
				end
			end
			local list, same = claim.to[to], ids[to]
			if not list then
				list = {}
				claim.to[to] = list
			end
			if not same then
				same = {}
				ids[to] = same
			end
			local created = i <= done and ARGV[times + i] or ARGV[at + 7]
			local size = #list
			list[size + 1], list[size + 2] = created ~= '' and created or now_ms, id
			same[#same + 1] = id
			ended[#ended + 1] = id
			claim.count = claim.count + 1
		else
			answers[#answers + 1] = i
			answers[#answers + 1] = seldom().refuse_outcome(key, status, text, worker,
				i <= done and {id = id, token = ARGV[tokens + i], verdict = 'done',
					seconds = ARGV[seconds + i], json = ARGV[texts + i]}
				or {id = id, token = ARGV[at + 1], attempt = ARGV[at + 2],
					verdict = ARGV[at + 3]}, retention)
		end
	end
	if #ended > 0 then
		write_books(ids, ended, final, lists, shared)
	end
	return answers
end
