-- A task's states and events: the table of task/state.c.
local NEXT = {
	pending = {claim = 'processing', cancel = 'cancelled'},
	processing = {succeed = 'done', fail = 'failed', retry_later = 'pending',
		give_back = 'pending', lose_lease = 'pending', use_up = 'failed', cancel = 'cancelled'},
	done = {delete = 'gone'},
	failed = {retry = 'pending', delete = 'gone'},
	cancelled = {delete = 'gone'},
}

-- The state that follows, or nil.
local function next_state(status, event)
	return NEXT[status] and NEXT[status][event]
end
