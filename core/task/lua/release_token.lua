-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked give_back
-- Gives back, as never started, everything that was claimed with one token: the claimer never saw
-- the answer. KEYS lib_keys; ARGV 1 token. Returns how many.
local count, all = 0, redis.call('HGETALL', CLAIMS)
for i = 1, #all, 2 do
	local claim = read_claim(all[i + 1])
	if claim.token == ARGV[1] then
		local status = redis.pcall('HGET', task_key(all[i]), 'status')
		if type(status) == 'string' and next_state(status, 'give_back') then
			give_back(all[i], claim, true)
			count = count + 1
		else
			forget_ended(all[i], claim, type(status) == 'string' and status, 0)
		end
	end
end
settle()
send_events()
return count
