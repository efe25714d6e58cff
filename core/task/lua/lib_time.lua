-- The server's time, as milliseconds and as the contract's text.
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)

-- The calendar date of a number of days since 1970-01-01, with years that begin in March.
local function date_of_days(days)
	local shifted = days + 719468
	local era = math.floor(shifted / 146097)
	local day = shifted - era * 146097
	local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524)
		- math.floor(day / 146096)) / 365)
	day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
	local month = math.floor((5 * day + 2) / 153)
	local date = day - math.floor((153 * month + 2) / 5) + 1
	year = year + era * 400 + (month >= 10 and 1 or 0)
	return year, month >= 10 and month - 9 or month + 3, date
end

local function time_text(seconds, microseconds)
	local days = math.floor(seconds / 86400)
	local rest = seconds - days * 86400
	local year, month, date = date_of_days(days)
	return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06d', year, month, date,
		math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, microseconds)
end

local now_text = time_text(tonumber(now[1]), tonumber(now[2]))
