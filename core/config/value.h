/* Values of options: from the text that a person writes to a number, and back. */
#ifndef FORMY_CONFIG_VALUE_H
#define FORMY_CONFIG_VALUE_H

#include <stdint.h>

struct buf;
struct err;
struct option;

/* Reads the value of an option whose type is a number's (OPTION_INT, BOOL, SIZE, DURATION,
 * CHOICE) and checks its range. 0 or -EINVAL. */
int value_parse(const struct option *option, const char *text, struct err *err, int64_t *ret_value);

/* Appends a number as value_parse() reads it. */
void value_format(const struct option *option, int64_t value, struct buf *out);

/* Appends a text in double quotes, as a file has it. */
void value_quote(const char *text, struct buf *out);

#endif
