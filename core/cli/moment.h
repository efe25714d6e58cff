/* Times as a person writes them on the command line. */
#ifndef FORMY_CLI_MOMENT_H
#define FORMY_CLI_MOMENT_H

#include <stdint.h>

struct err;

/* "250ms", "30s", "5m", "1h"; a bare number is seconds. At most a year. 0 or -EINVAL. */
int moment_parse_delay(const char *name, const char *text, struct err *err, int64_t *ret_ms);

/* "2026-11-17T10:00:00", with or without a fraction and a zone; none means UTC. 0 or -EINVAL. */
int moment_parse_time(const char *name, const char *text, struct err *err, int64_t *ret_us);

#endif
