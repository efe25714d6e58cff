#include "cli/names.h"

#include "base/buf.h"

void names_add(struct buf *out, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
	}
}
