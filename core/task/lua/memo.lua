-- uses: names keys probe types guard claims
-- Keeps what an engine notes of a task, for the attempts that follow, as long as it is held under
-- this claim. KEYS lib_keys; ARGV 1 id 2 token 3 text, "": none. Returns 1, or 0 when the task is
-- not the caller's.
local id = ARGV[1]
local status = redis.pcall('HGET', task_key(id), 'status')
if read_claim(redis.call('HGET', CLAIMS, id)).token ~= ARGV[2] or status ~= 'processing' then
	return 0
end
if ARGV[3] == '' then
	redis.call('HDEL', MEMOS, id)
else
	redis.call('HSET', MEMOS, id, ARGV[3])
end
return 1
