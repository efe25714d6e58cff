/* config-sample: writes the formy.conf that is shipped. Run by the build, never installed. */
#include "base/buf.h"
#include "config/config.h"

#include <stdio.h>

int main(void)
{
	struct buf out = {0};
	const char *text;
	int result = 1;

	config_sample(&out);
	text = buf_cstr(&out);
	if (text != NULL && fputs(text, stdout) >= 0 && fflush(stdout) == 0) {
		result = 0;
	}
	buf_finish(&out);
	return result;
}
