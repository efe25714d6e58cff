-- Times that others wrote.
local function days_of_date(year, month, date)
	year = month <= 2 and year - 1 or year
	local era = math.floor(year / 400)
	local of_era = year - era * 400
	local day = math.floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + date - 1
	return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + day
		- 719468
end

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
