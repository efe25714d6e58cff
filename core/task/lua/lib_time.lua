-- The server's time, as milliseconds and as the contract's text. Without functions, which Redis would
-- make anew at every call of a script; (a - a % b) / b is a whole division that calls none.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local now_text
do
	local seconds = tonumber(now[1])
	local rest = seconds % 86400
	-- years that begin in March, in eras of 400 years
	local days = (seconds - rest) / 86400 + 719468
	local day = days % 146097
	local era = (days - day) / 146097
	local leap = (day - day % 1460) / 1460 - (day - day % 36524) / 36524 + (day - day % 146096) / 146096
	local year = (day - leap - (day - leap) % 365) / 365
	day = day - 365 * year - (year - year % 4) / 4 + (year - year % 100) / 100
	local month = (5 * day + 2 - (5 * day + 2) % 153) / 153
	local date = day - (153 * month + 2 - (153 * month + 2) % 5) / 5 + 1
	year = year + era * 400 + (month >= 10 and 1 or 0)
	now_text = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06d', year,
		month >= 10 and month - 9 or month + 3, date, rest / 3600, rest / 60 % 60, rest % 60, now[2])
end
