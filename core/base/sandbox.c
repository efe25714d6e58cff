#include "base/sandbox.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const char *const sandbox_profiles[] = {"default", "strict", "off", NULL};

static const struct {
	const char *word;
	uint32_t grant;
} grants_table[] = {
	{"net", SANDBOX_NET},
	{"gpu", SANDBOX_GPU},
	{"exec", SANDBOX_EXEC},
	{"none", 0},
};

#define GRANTS (sizeof(grants_table) / sizeof(grants_table[0]))

int sandbox_grants_read(const char *words, uint32_t *ret_grants, const char **ret_bad)
{
	uint32_t grants = 0;

	for (const char *at = words; at && *at;) {
		size_t len = strcspn(at, ",");
		size_t i = 0;

		while (i < GRANTS &&
			(strlen(grants_table[i].word) != len ||
				memcmp(grants_table[i].word, at, len) != 0)) {
			i++;
		}
		if (i == GRANTS) {
			*ret_bad = at;
			return -EINVAL;
		}
		grants |= grants_table[i].grant;
		at += len;
		at += *at == ',';
	}
	*ret_grants = grants;
	return 0;
}

void sandbox_grants_add(struct buf *out, uint32_t grants)
{
	const char *between = "";

	for (size_t i = 0; i < GRANTS; i++) {
		if (grants & grants_table[i].grant) {
			buf_add_text(out, between);
			buf_add_text(out, grants_table[i].word);
			between = ", ";
		}
	}
}
