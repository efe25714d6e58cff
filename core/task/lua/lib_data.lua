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

-- The usual shape needs no JSON reader: the mode stands first, and neither it nor the user may be
-- spelt or nested otherwise. Whether the rest is JSON the worker sees, which reads it anyhow.
local function read_usual(text)
	local mode = text:match('^{"mode": ?"(%u[%u%d_]+)"')
	if not mode or #mode > 64 or text:byte(-1) ~= 125 or text:find('\\', 1, true)
		or text:find('"mode"', 9, true) then
		return nil
	end
	local at = text:find('"user_id"', 9, true)
	if not at then
		return mode, ''
	end
	local _, last, user = text:find('^"user_id": ?"([^"]*)"', at)
	local nested = text:find('[{%[]', 2)
	if user and #user <= 128 and (not nested or nested > at)
		and not text:find('"user_id"', last, true) then
		return mode, user
	end
	return nil
end

-- The mode of a task, nil when it cannot be read.
local function mode_of(text)
	local mode = read_usual(text or '')
	if not mode then
		local ok, data = pcall(cjson.decode, text or '')
		mode = ok and type(data) == 'table' and is_mode(data.mode) and data.mode or nil
	end
	return mode
end
