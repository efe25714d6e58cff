-- uses: names keys probe time events usual index counters claims waiting group (types time_read state data forget repair parked outcome unusual) finish claim
-- Finishes up to 32 tasks and claims up to `want`.
-- KEYS lib_keys; ARGV 1 worker 2 lease_ms 3 retention_s 4 want 5 1: look at the types of all keys 6 token 7 data limit
-- 8 tasks of a user at once, 0: any 9 one claim in so many is for lower priorities, 0: none
-- 10 claims before 11 ms to wait for a mode that no worker ever had 12 modes m 13 outcomes n
-- 14 done d, m times (name room limit), d ids, r, r times (token of so many ids), d times of creation
-- (ms, "": unknown), d times in seconds, d digits 1|0 in one word: it told a step, d results,
-- n - d times (id token attempt failed|retry|crashed|later|cancelled|left json delay_ms seconds created)
-- Returns, each of them only when there are any: outcomes that were not written (number, from 1, and
-- "already" or "refused <reason>"), tasks (id, data, created_at or ""), problems (what code text),
-- waiting, memos (number of a task, from 1, and its memo), kinds (of so many tasks "<attempt> <tries>
-- <crashes>" and "<mode> <priority> <user>").
local wrong_key = ARGV[5] == '1' and seldom().find_wrong_key()
if wrong_key then
	return wrong_key
end
local worker = ARGV[1]
local modes = read_modes(15, tonumber(ARGV[12]))
local got = {ids = {}, claims = {}, tasks = {}, kinds = {}, memos = {}}
local answers = finish_tasks(15 + 3 * #modes, tonumber(ARGV[13]), tonumber(ARGV[14]),
	worker, ARGV[3] ~= '0' and ARGV[3])
if has_freed() then
	seldom().unpark_freed()
end
limit_rooms(modes)

local options = {worker = worker, lease_ms = tonumber(ARGV[2]), retention = tonumber(ARGV[3]),
	token = ARGV[6], data_limit = tonumber(ARGV[7]),
	user_limit = tonumber(ARGV[8]), grace_ms = tonumber(ARGV[11]), modes = {}, want = 0, bound = 0}
for _, mode in ipairs(modes) do
	options.modes[mode.name] = mode
	options.want = options.want + mode.room
	mode.groups, mode.claimed = {high = {}, normal = {}, low = {}}, 0
end
options.want = math.min(options.want, tonumber(ARGV[4]))

-- Where tasks may stand besides the queue of normal priority, which are seldom there at all.
local inbox = inbox_key(worker)
local others = {QUEUES.high, QUEUES.low}
for _, priority in ipairs(PRIORITIES) do
	others[#others + 1] = ready_key(priority)
	for _, mode in ipairs(modes) do
		others[#others + 1] = wait_key(mode.name, priority)
	end
end

-- Up to `most` more tasks, from the priorities in their order, beginning with one of them.
local function claim_more(most, first)
	local want = math.min(options.want, #got.ids + most)
	for i = most > 0 and first or #PRIORITIES + 1, #PRIORITIES do
		local priority = PRIORITIES[i]
		options.want = want
		claim_from(ready_key(priority), priority, got, options)
		for _, mode in ipairs(modes) do
			options.want = math.min(want, #got.ids + mode.free)
			claim_from(wait_key(mode.name, priority), priority, got, options)
		end
		options.want = want
		claim_from(QUEUES[priority], priority, got, options)
	end
end

-- One claim in `every` passes the high queue by, and one in `every` of these the normal one too.
local function shares(want, before, every)
	local function multiples(of)
		return math.floor((before + want) / of) - math.floor(before / of)
	end
	if every == 0 then
		return 0, 0
	end
	local lowest = multiples(every * every)
	return multiples(every) - lowest, lowest
end

local want = options.want
local is_plain = redis.call('EXISTS', inbox, unpack(others)) == 0
options.bound = want + 100
if want > 0 and is_plain then
	claim_from(QUEUE, 'normal', got, options)
elseif want > 0 then
	claim_from(inbox, 'normal', got, options)
	while redis.call('LMOVE', inbox, QUEUE, 'RIGHT', 'LEFT') do
		lengths[QUEUE] = nil
	end
	local lower, lowest = shares(want, tonumber(ARGV[10]), tonumber(ARGV[9]))
	for _, step in ipairs({{want - #got.ids - lower - lowest, 1}, {lower, 2}, {lowest, 3},
		{want, 1}}) do
		options.want = want
		claim_more(step[1], step[2])
	end
end
if #got.ids > 0 then
	write_claims(got, options)
	for _, mode in ipairs(modes) do
		count_held({mode = mode.name, user = ''}, mode.claimed)
	end
end
-- Who has a place more may be waited for.
local is_settled = not made_seldom and not has_freed()
for name, count in pairs(counters) do
	if count.change < 0 and not (is_plain and options.modes[name:sub(3)]) then
		is_settled = false
	end
end
if is_settled then
	write_counters()
else
	seldom().settle()
end
send_events()
-- an empty list costs more than none
return {#answers > 0 and answers, got.tasks, #problems > 0 and problems,
	is_plain and not made_seldom and length_of(QUEUE) or count_waiting(modes),
	#got.memos > 0 and got.memos, got.kinds}
