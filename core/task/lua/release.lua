-- uses: names keys probe types guard time time_read state events usual data index counters claims forget repair parked give_back
-- Gives held tasks back to the front of their queues; the first given comes out first.
-- KEYS lib_keys; ARGV times (id token 1|0: its attempt counts). Returns how many.
local count = 0
for i = #ARGV - 2, 1, -3 do
	local id, token = ARGV[i], ARGV[i + 1]
	local claim = read_claim(redis.call('HGET', CLAIMS, id))
	if claim.token == token then
		local status = redis.pcall('HGET', task_key(id), 'status')
		if type(status) == 'string' and next_state(status, 'give_back') then
			give_back(id, claim, ARGV[i + 2] == '0')
			count = count + 1
		else
			forget_ended(id, claim, type(status) == 'string' and status, 0)
		end
	end
end
settle()
send_events()
return count
