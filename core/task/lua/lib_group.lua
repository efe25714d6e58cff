-- What tasks of a mode, a user and a priority have in common when they are claimed, made once.
-- person: the counter of their user, nil for nobody.
local function new_group(mode, priority, user, options)
	local rest = priority .. ' ' .. user
	local group = {mode = mode, person = user ~= '' and counter('u:' .. user) or nil,
		claim = claim_words(options.token, '0', mode.name, options.worker, rest),
		text = mode.name .. ' ' .. rest}
	mode.groups[priority][user] = group
	return group
end
