-- The server's time, as milliseconds and as the contract's text; and texts read back.
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

local function days_of_date(year, month, date)
	year = month <= 2 and year - 1 or year
	local era = math.floor(year / 400)
	local of_era = year - era * 400
	local day = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
	return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + day
		- 719468
end

local function time_text(seconds, microseconds)
	local days = math.floor(seconds / 86400)
	local rest = seconds - days * 86400
	local year, month, date = date_of_days(days)
	return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06d', year, month, date,
		math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, microseconds)
end

local now_text = time_text(tonumber(now[1]), tonumber(now[2]))

-- Milliseconds of a time as any client writes it, nil when it is none. No zone means UTC.
local function time_ms(text)
	local year, month, date, hour, minute, second, rest =
		(text or ''):match('^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)(.*)$')
	if not year then
		return nil
	end
	local ms = (((days_of_date(tonumber(year), tonumber(month), tonumber(date)) * 24 + hour) * 60
		+ minute) * 60 + second) * 1000
	local fraction, zone = rest:match('^%.(%d+)(.*)$')
	ms = ms + math.floor(tonumber('0.' .. (fraction or '0')) * 1000)
	local sign, hours, minutes = (zone or rest):match('^([+-])(%d%d):?(%d%d)$')
	if sign then
		ms = ms - (sign == '-' and -1 or 1) * (hours * 60 + minutes) * 60000
	end
	return ms
end

-- The same as 13 digits, now for what is no time of the years 1970 to 2286. Times of a batch are
-- often of one second, which is reckoned once.
local second_text = {}

local function created_text(text)
	local second = text and #text == 26 and text:sub(1, 20)
	local known = second and second_text[second]
	if known and not text:find('%D', 21) then
		return known .. text:sub(21, 23)
	end
	local ms = time_ms(text)
	if not ms or ms < 0 or ms >= 1e13 then
		ms = now_ms
	elseif second and second:byte(20) == 46 then
		second_text[second] = string.format('%010.0f', math.floor(ms / 1000))
	end
	return string.format('%013.0f', ms)
end
