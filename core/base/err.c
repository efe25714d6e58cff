#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

/* In brackets, as to the analyzer it is a macro too. */
int(err_set)(struct err *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;

		va_start(args, format);
		(void)vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return code;
}
