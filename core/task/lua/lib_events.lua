-- Events: collected while a script works, sent as one message of one JSON array.
local events = {}
local wake = false
local EVENT_TIME = '","at":"' .. now_text .. 'Z"'

-- extra: further members as JSON, beginning with a comma.
local function add_event(id, status, extra)
	local at = #events
	events[at + 1] = at == 0 and '[{"task_id":"' or ',{"task_id":"'
	events[at + 2] = id
	events[at + 3] = '","status":"' .. status .. EVENT_TIME .. (extra or '') .. '}'
end

local function send_events()
	if #events > 0 then
		local text = table.concat(events) .. ']'
		redis.call('PUBLISH', P .. ':events', text)
		redis.call('XADD', STREAM, 'MAXLEN', '~', 10000, '*', 'events', text)
	end
	if wake then
		redis.call('PUBLISH', P .. ':wake', '1')
	end
end
