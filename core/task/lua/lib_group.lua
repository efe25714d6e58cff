-- What tasks of a mode, a user and a priority have in common when they are claimed, made once.
-- person: the counter of their user, nil for nobody.
local function group_of(mode, priority, user, options)
	local groups = mode.groups[priority]
	local group = groups[user]
	if not group then
		local rest = priority .. ' ' .. user
		group = {mode = mode, person = user ~= '' and counter('u:' .. user) or nil,
			claim = options.token .. ' 0 ' .. mode.name .. ' ' .. options.worker .. ' ' .. rest,
			text = mode.name .. ' ' .. rest}
		groups[user] = group
	end
	return group
end
