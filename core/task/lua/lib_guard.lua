-- Fails before anything is written when a key is not what it should be.
local wrong_key = find_wrong_key()
if wrong_key then
	return wrong_key
end
