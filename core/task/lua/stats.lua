-- uses: names keys probe types guard time time_read state usual data index counters claims repair search
-- Numbers. KEYS lib_keys; no ARGV. Returns a JSON object, and for every live worker its name, what
-- it registered and how many tasks it holds.
local function length(key)
	local count = redis.pcall('LLEN', key)
	return type(count) == 'number' and count or 0
end

index_adopt(200)
index_sweep(redis.call('DBSIZE') <= 1000 and 1000 or 100)
local function count_index(status)
	local keys, count = index_keys(status, ''), 0
	for _, key in ipairs(keys) do
		index_check(key, math.ceil(250 / #keys))
		count = count + redis.call('ZCARD', key)
	end
	return count
end

local stats = {delayed = redis.call('ZCARD', DELAYED), processing = redis.call('SCARD', PROCESSING),
	done = count_index('done'), failed = count_index('failed'),
	cancelled = count_index('cancelled'), modes = {}}
stats.pending = stats.delayed + length(QUEUES.high) + length(QUEUE) + length(QUEUES.low)

local function mode_stats(name)
	stats.modes[name] = stats.modes[name]
		or {workers = 0, waiting = 0, processing = 0, done = 0, failed = 0, cancelled = 0}
	return stats.modes[name]
end

for _, name in ipairs(redis.call('HKEYS', MODES)) do
	for _, priority in ipairs(PRIORITIES) do
		local waiting = length(wait_key(name, priority))
		mode_stats(name).waiting = mode_stats(name).waiting + waiting
		stats.pending = stats.pending + waiting
	end
end
stats.limited = length(ready_key('high')) + length(ready_key('normal')) + length(ready_key('low'))
for _, text in ipairs(redis.call('HVALS', RUNNING)) do
	stats.limited = stats.limited + (tonumber(text:match(' (%d+)$')) or 0)
end
stats.pending = stats.pending + stats.limited
local counts = redis.call('HGETALL', COUNTS)
for i = 1, #counts, 2 do
	local name, status = counts[i]:match('^(.*):(%l+)$')
	mode_stats(name)[status] = tonumber(counts[i + 1])
end
local held = {}
for _, text in ipairs(redis.call('HVALS', CLAIMS)) do
	local claim = read_claim(text)
	if claim.token then
		mode_stats(claim.mode).processing = mode_stats(claim.mode).processing + 1
		held[claim.worker] = (held[claim.worker] or 0) + 1
	end
end
local workers = {}
for _, name in ipairs(redis.call('ZRANGE', WORKERS, 0, -1)) do
	stats.pending = stats.pending + length(inbox_key(name))
	local registered = redis.call('GET', worker_key(name))
	if registered then
		local ok, worker = pcall(cjson.decode, registered)
		for _, mode in ipairs(ok and type(worker) == 'table' and worker.modes or {}) do
			mode_stats(mode).workers = mode_stats(mode).workers + 1
		end
		workers[#workers + 1] = {name, registered, held[name] or 0}
	end
end
stats.total_tasks = stats.pending + stats.processing + stats.done + stats.failed + stats.cancelled
return {cjson.encode(stats), workers}
