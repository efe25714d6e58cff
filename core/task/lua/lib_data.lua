-- What the scripts read out of a task's `data`: the mode and the user.
local function is_mode(mode)
	return type(mode) == 'string' and #mode <= 64 and mode:find('^%u[%u%d_]+$')
end

-- Whom a task counts for, out of its decoded `data`; "": nobody.
local function user_of(data)
	local user = data.user_id
	if type(user) == 'number' then
		user = string.format('%.0f', user)
	end
	return type(user) == 'string' and #user <= 128 and user or ''
end

-- The mode of a task, nil when it cannot be read, and its user, "" for nobody.
local function mode_of(text)
	local mode, user = read_usual(text or '')
	if mode then
		return mode, user
	end
	local ok, data = pcall(cjson.decode, text or '')
	if not ok or type(data) ~= 'table' then
		return nil, ''
	end
	return is_mode(data.mode) and data.mode or nil, user_of(data)
end
