/* The inside of scan_text(): scan.c reads what stands outside of all sections, scan_members.c what
 * stands in them. What returns int gives 0, -EINVAL when the file has no shape any more, or -ENOMEM. */
#ifndef FORMY_CONFIG_SCAN_PRIVATE_H
#define FORMY_CONFIG_SCAN_PRIVATE_H

#include "config/document.h"
#include "config/lexer.h"

#include <stdbool.h>
#include <stddef.h>

struct scan {
	struct lexer lexer;
	struct token token;
	struct document *document;
};

struct place scan_place_of(const struct scan *scan, int line);
void scan_next(struct scan *scan);
bool scan_at_mark(const struct scan *scan, char mark);
bool scan_at_text(const struct scan *scan);

/* A problem that ends the reading of the file: -EINVAL. */
int scan_refuse(struct scan *scan, const char *wanted);

/* The token's text, or NULL; as the name of a section or a member, also when it is none. The caller
 * frees it. */
char *scan_copy_token(const struct scan *scan);
char *scan_take_name(struct scan *scan, const char *wanted);

/* "= value", "= {value, ...}" or the same with "+=", for a member whose name has been read. */
int scan_take_assignment(struct scan *scan, struct document_member *member);

/* From the "{" of a section, whose block has this index, up to its "}". */
int scan_take_members(struct scan *scan, size_t at);

#endif
