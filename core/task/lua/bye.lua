-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked give_back
-- A worker leaves. KEYS lib_keys; ARGV 1 worker. Returns how many tasks its inbox held.
local count = return_inbox(ARGV[1])
redis.call('ZREM', WORKERS, ARGV[1])
redis.call('DEL', worker_key(ARGV[1]))
if redis.call('GET', P .. ':janitor') == ARGV[1] then
	redis.call('DEL', P .. ':janitor')
end
return count
