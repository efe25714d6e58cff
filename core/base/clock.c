#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t read_mono_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int64_t read_wall_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t (*clock_mono_us)(void) = read_mono_us;
int64_t (*clock_wall_us)(void) = read_wall_us;

uint64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

/* Writes the date and the second, and gives the microseconds that remain. */
static int format_second(int64_t wall_us, char text[CLOCK_TEXT_SIZE], int64_t *ret_rest_us)
{
	int64_t rest = ((wall_us % 1000000) + 1000000) % 1000000;
	time_t second = (time_t)((wall_us - rest) / 1000000);
	struct tm tm;

	if (!gmtime_r(&second, &tm) || tm.tm_year + 1900 > 9999 || tm.tm_year + 1900 < 0) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_year = 70;
		tm.tm_mday = 1;
	}
	*ret_rest_us = rest;
	return (int)strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
}

void clock_format(int64_t wall_us, char text[CLOCK_TEXT_SIZE])
{
	int64_t rest;
	int len = format_second(wall_us, text, &rest);

	(void)snprintf(text + len, (size_t)(CLOCK_TEXT_SIZE - len), ".%06d", (int)rest);
}

void clock_format_z(int64_t wall_us, char text[CLOCK_TEXT_SIZE])
{
	int64_t rest;
	int len = format_second(wall_us, text, &rest);

	(void)snprintf(text + len, (size_t)(CLOCK_TEXT_SIZE - len), ".%03dZ", (int)(rest / 1000));
}

/* Reads exactly `digits` digits. */
static bool read_number(const char **at, int digits, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9') {
			return false;
		}
		value = value * 10 + (c - '0');
	}
	*at += digits;
	*ret_value = value;
	return true;
}

static bool read_char(const char **at, char c)
{
	if (**at != c) {
		return false;
	}
	(*at)++;
	return true;
}

static int64_t read_fraction_us(const char **at)
{
	int64_t us = 0;
	int64_t unit = 100000;

	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10) {
		us += (**at - '0') * unit;
	}
	return us;
}

/* Reads what may follow the fraction: nothing, Z, or an offset from UTC. */
static bool read_zone(const char **at, int *ret_minutes_east)
{
	int hours;
	int minutes = 0;
	int sign;

	*ret_minutes_east = 0;
	if (**at == '\0') {
		return true;
	}
	if (read_char(at, 'Z') || read_char(at, 'z')) {
		return **at == '\0';
	}
	sign = **at == '-' ? -1 : 1;
	if (!read_char(at, '+') && !read_char(at, '-')) {
		return false;
	}
	if (!read_number(at, 2, &hours)) {
		return false;
	}
	if ((read_char(at, ':') || **at != '\0') && !read_number(at, 2, &minutes)) {
		return false;
	}
	*ret_minutes_east = sign * (hours * 60 + minutes);
	return **at == '\0' && hours < 24 && minutes < 60;
}

int clock_parse(const char *text, int64_t *ret_wall_us)
{
	struct tm tm = {0};
	const char *at = text;
	int64_t fraction_us = 0;
	int minutes_east;
	int64_t seconds;
	int day;

	if (!read_number(&at, 4, &tm.tm_year) || !read_char(&at, '-') ||
		!read_number(&at, 2, &tm.tm_mon) || !read_char(&at, '-') ||
		!read_number(&at, 2, &tm.tm_mday) ||
		(!read_char(&at, 'T') && !read_char(&at, ' ')) ||
		!read_number(&at, 2, &tm.tm_hour) || !read_char(&at, ':') ||
		!read_number(&at, 2, &tm.tm_min) || !read_char(&at, ':') ||
		!read_number(&at, 2, &tm.tm_sec)) {
		return -EINVAL;
	}
	if (read_char(&at, '.')) {
		if (*at < '0' || *at > '9') {
			return -EINVAL;
		}
		fraction_us = read_fraction_us(&at);
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
		tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
		!read_zone(&at, &minutes_east)) {
		return -EINVAL;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm.tm_mday;
	seconds = tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - minutes_east * 60;
	tm.tm_hour = 0;
	tm.tm_min = 0;
	tm.tm_sec = 0;
	seconds += (int64_t)timegm(&tm);
	/* timegm takes the 30th of February for the 2nd of March */
	if (tm.tm_mday != day) {
		return -EINVAL;
	}
	*ret_wall_us = seconds * 1000000 + fraction_us;
	return 0;
}
