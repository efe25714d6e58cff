-- Events: collected while a script works, sent as one message of one JSON array. Tasks that go the
-- same way one after another share an object, so that a batch costs little.
local events = {}
local event_ids, event_status, event_extra
local wake = false

local function close_event()
	if event_ids then
		events[#events + 1] = '{"status":"' .. event_status .. '","at":"' .. now_text
			.. 'Z","task_ids":["' .. table.concat(event_ids, '","') .. '"]' .. event_extra .. '}'
	end
end

-- extra: further members as JSON, beginning with a comma.
local function add_event(id, status, extra)
	if event_ids and event_status == status and not extra and event_extra == '' then
		event_ids[#event_ids + 1] = id
		return
	end
	close_event()
	event_ids, event_status, event_extra = {id}, status, extra or ''
end

-- The same for several tasks at once.
local function add_events(ids, status)
	close_event()
	event_ids, event_status, event_extra = ids, status, ''
	close_event()
	event_ids = nil
end

local function send_events()
	close_event()
	if #events > 0 then
		local text = '[' .. table.concat(events, ',') .. ']'
		redis.call('PUBLISH', P .. ':events', text)
		redis.call('XADD', STREAM, 'MAXLEN', '~', 10000, '*', 'events', text)
	end
	if wake then
		redis.call('PUBLISH', P .. ':wake', '1')
	end
end
