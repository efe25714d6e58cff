/* Texts of plugins, made fit to be sent on: valid UTF-8, of one line, of limited length,
 * and without the secrets that this process was given. */
#ifndef FORMY_EXECUTOR_TEXT_H
#define FORMY_EXECUTOR_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Copies text into an array: what is no UTF-8 becomes '?', a control character a blank, a secret
 * "***"; cut between two characters and always ended by a NUL. NULL counts as "". */
void text_clean(char *to, size_t size, const char *text);

/* Makes a text a secret of this process. What is shorter than 8 characters is none. At most two, and
 * before any plugin runs. 0, -ENOMEM or -E2BIG. */
int text_hide(const char *secret);

/* Whether one stands in the text. */
bool text_has_secret(const char *text);

#endif
