/* Reads a configuration file's shape before libconfuse reads its values.
 *
 * libconfuse stops at its first problem, accepts a section that never ends, keeps the last of two
 * values without a word, counts lines wrongly after comments, eats characters that mean nothing
 * and is left in the middle of a string by a file that ends there. So the shape is read here,
 * with lines, and libconfuse gets only what it reads well: its grammar is accepted in whole, but
 * for ${...} that does not end at once. */
#ifndef FORMY_CONFIG_SCAN_H
#define FORMY_CONFIG_SCAN_H

#include "config/document.h"

/* Appends the blocks of a text to document, without their values' texts. `text` is changed: what
 * libconfuse must not see (comments, includes, sections and members that no option has) becomes
 * blanks. `file` must live as long as the document. Returns 0; -EINVAL when the text has no shape
 * and must not be parsed; or -ENOMEM. Problems that are no more than one wrong name are added to
 * problems, with 0. */
int scan_text(char *text, size_t len, const char *file, struct config_problems *problems,
	struct document *document);

#endif
