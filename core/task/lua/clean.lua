-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair search
-- A step of the janitor, one worker at a time: what has been kept long enough.
-- KEYS lib_keys; ARGV 1 worker 2 retention_s 3 lock_ms 4 offset among the old tasks, -1: none
-- 5 cursor of the search for tasks that need images, "": none 6 n, n ids whose files are removed,
-- then images. Returns 1 when this worker is the janitor, ids whose files are not wanted, the next offset or
-- -1, the next cursor, images that tasks need.
local worker, lock, offset = ARGV[1], P .. ':janitor', tonumber(ARGV[4])
local PAGE, SCAN = 100, 500
local holder = redis.call('GET', lock)
-- one that is not known may be dead, and the reaper does not know of its lock
if holder and holder ~= worker and redis.call('ZSCORE', WORKERS, holder) then
	return {0, {}, -1, '0', {}}
end
redis.call('SET', lock, worker, 'PX', ARGV[3])

local removed = tonumber(ARGV[6])
if removed > 0 then
	redis.call('SREM', GONE, unpack(ARGV, 7, 6 + removed))
end

local next_offset = -1
if offset >= 0 then
	local old, before, room = string.format('%.0f', now_ms - tonumber(ARGV[2]) * 1000), 0, PAGE
	for _, key in ipairs(index_keys('', '')) do
		local count = redis.call('ZCOUNT', key, '-inf', old)
		if room > 0 and offset < before + count then
			local ids = redis.call('ZRANGEBYSCORE', key, '-inf', old, 'LIMIT', offset - before, room)
			for _, id in ipairs(ids) do
				local status = index_repair(id)
				if status then
					expire_ended(id, NEXT[status] and status, ARGV[2])
				end
			end
			room = room - #ids
			local left = redis.call('ZCOUNT', key, '-inf', old)
			offset = math.max(before, offset + #ids - (count - left))
			count = left
		end
		before = before + count
	end
	next_offset = room == 0 and offset or -1
end

local gone = {}
for _, id in ipairs(redis.call('SRANDMEMBER', GONE, 50)) do
	local status = redis.pcall('HGET', task_key(id), 'status')
	if redis.call('EXISTS', task_key(id)) == 0 or status == 'failed' or status == 'cancelled' then
		gone[#gone + 1] = id
	else
		redis.call('SREM', GONE, id)
	end
end

local wanted, needed, cursor = {}, {}, '0'
for i = 7 + removed, #ARGV do
	wanted[ARGV[i]] = true
end
if ARGV[5] ~= '' then
	local step = redis.call('SCAN', ARGV[5], 'MATCH', task_pattern(), 'COUNT', SCAN)
	cursor = step[1]
	for _, key in ipairs(step[2]) do
		local hash = redis.pcall('HMGET', key, 'status', 'data')
		local status = not hash.err and (hash[1] or 'pending')
		if (status == 'pending' or status == 'processing') and hash[2] then
			for word in hash[2]:gmatch('"([%w_-]+)"') do
				if wanted[word] then
					wanted[word] = nil
					needed[#needed + 1] = word
				end
			end
		end
	end
end
return {1, gone, next_offset, cursor, needed}
