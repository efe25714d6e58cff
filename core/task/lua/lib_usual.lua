-- The usual shape of a task's `data` needs no JSON reader: the mode stands first, and the user is
-- neither spelt nor nested otherwise. Whether the rest is JSON the worker sees, which reads it
-- anyhow. Returns the mode and the user, "" for nobody; nil for what has another shape.
local function read_usual(text)
	local mode = text:match('^{"mode": ?"(%u[%u%d_]+)"')
	if not mode or #mode > 64 or text:find('\\', 1, true)
		or text:find('mode"', 9, true) and text:find('"mode"', 9, true) then
		return nil
	end
	-- a quote would be found all the time
	local at = text:find('user_id"', 9, true) and text:find('"user_id"', 9, true)
	if not at then
		return mode, ''
	end
	local _, last, user = text:find('^"user_id": ?"([^"]*)"', at)
	if not user or #user > 128 or text:find('"user_id"', last, true) then
		return nil
	end
	-- it is the task's own when nothing but the task is closed behind it, or opened before it
	if text:find('^[^{}%[%]]*}%s*$', last + 1) or not text:sub(2, at):find('[{%[]') then
		return mode, user
	end
	return nil
end
