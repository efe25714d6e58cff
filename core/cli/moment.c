#include "cli/moment.h"

#include <errno.h>

#include "base/clock.h"
#include "base/err.h"
#include "config/options.h"
#include "config/value.h"

#define YEAR_MS (366 * 24 * 60 * 60 * INT64_C(1000))

int moment_parse_delay(const char *name, const char *text, struct err *err, int64_t *ret_ms)
{
	const struct option delay = {.name = name, .type = OPTION_DURATION, .max = YEAR_MS};

	return value_parse(&delay, text, err, ret_ms);
}

int moment_parse_time(const char *name, const char *text, struct err *err, int64_t *ret_us)
{
	if (clock_parse(text, ret_us) < 0) {
		return err_set(err, -EINVAL,
			"%s wants a time such as 2026-11-17T10:00:00Z, not \"%.60s\"", name, text);
	}
	return 0;
}
