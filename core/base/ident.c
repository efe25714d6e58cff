#include "base/ident.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/limits.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

bool ident_is_task_id(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_TASK_ID) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!is_digit(c) && !is_lower(c) && !is_upper(c) && c != '_' && c != '-' &&
			c != '.') {
			return false;
		}
	}
	/* harmless in the names of results, but not where somebody makes a folder of an id */
	return !(text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.')));
}

bool ident_is_image_id(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_IMAGE_ID) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!is_digit(c) && !is_lower(c) && !is_upper(c) && c != '_' && c != '-') {
			return false;
		}
	}
	return true;
}

bool ident_is_mode(const char *text, size_t len)
{
	if (len < 2 || len > LIMIT_MODE_NAME || !is_upper(text[0])) {
		return false;
	}
	for (size_t i = 1; i < len; i++) {
		if (!is_upper(text[i]) && !is_digit(text[i]) && text[i] != '_') {
			return false;
		}
	}
	return true;
}

bool ident_is_name(const char *text, size_t len)
{
	if (len == 0 || len > LIMIT_ROLE_NAME || !is_lower(text[0])) {
		return false;
	}
	for (size_t i = 1; i < len; i++) {
		if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '_' && text[i] != '-') {
			return false;
		}
	}
	return true;
}

void ident_random(char text[IDENT_RANDOM_SIZE])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned char bytes[64];
	size_t len = 0;

	while (len < IDENT_RANDOM_SIZE - 1) {
		ssize_t n = getrandom(bytes, sizeof(bytes), 0);

		for (ssize_t i = 0; i < n && len < IDENT_RANDOM_SIZE - 1; i++) {
			/* 252 is the largest multiple of 36 in a byte: no digit comes more often */
			if (bytes[i] < 252) {
				text[len++] = digits[bytes[i] % 36];
			}
		}
	}
	text[len] = '\0';
}

void ident_make(const char *prefix, char id[IDENT_ID_SIZE])
{
	char random[IDENT_RANDOM_SIZE];
	char day[9] = "19700101";
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct tm tm;

	ident_random(random);
	if (gmtime_r(&now, &tm)) {
		(void)strftime(day, sizeof(day), "%Y%m%d", &tm);
	}
	(void)snprintf(id, IDENT_ID_SIZE, "%.4s_%.8s_%s", prefix, day, random);
}
