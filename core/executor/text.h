/* Texts of plugins, made fit to be sent on: valid UTF-8, of one line, of limited length. */
#ifndef FORMY_EXECUTOR_TEXT_H
#define FORMY_EXECUTOR_TEXT_H

#include <stddef.h>

/* Copies text into an array: what is no UTF-8 becomes '?', a control character a blank; cut
 * between two characters and always ended by a NUL. NULL counts as "". */
void text_clean(char *to, size_t size, const char *text);

#endif
