#include "client/member.h"

#include "base/clock.h"
#include "base/json.h"

const char *member_text(const struct json_object *object, const char *name)
{
	const char *text = NULL;

	(void)json_get_string(object, name, &text);
	return text;
}

int64_t member_number(const struct json_object *object, const char *name)
{
	int64_t number = 0;

	(void)json_get_int(object, name, &number);
	return number;
}

int64_t member_time(const struct json_object *object, const char *name)
{
	const char *text = member_text(object, name);
	int64_t wall_us = 0;

	return text && clock_parse(text, &wall_us) == 0 ? wall_us : 0;
}
