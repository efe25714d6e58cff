-- Events: collected while a script works, sent as one message of one JSON array.
local events = {}
local wake = false

-- extra: further members as JSON, beginning with a comma.
local function add_event(id, status, extra)
	events[#events + 1] = '{"task_id":"' .. id .. '","status":"' .. status .. '","at":"' .. now_text
		.. 'Z"' .. (extra or '') .. '}'
end

local function send_events()
	if #events > 0 then
		local text = '[' .. table.concat(events, ',') .. ']'
		redis.call('PUBLISH', P .. ':events', text)
		redis.call('XADD', STREAM, 'MAXLEN', '~', 10000, '*', 'events', text)
	end
	if wake then
		redis.call('PUBLISH', P .. ':wake', '1')
	end
end
