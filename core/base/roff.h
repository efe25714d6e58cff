/* Texts as the sources of man pages, in the macros of man(7). */
#ifndef FORMY_BASE_ROFF_H
#define FORMY_BASE_ROFF_H

struct buf;

/* Appends the head of a page: its name in capitals, its section, what it is about. */
void roff_add_head(struct buf *out, const char *title, int section, const char *about);

/* Appends a text that no macro and no escape can come out of. It begins a line, or goes on in
 * one. */
void roff_add(struct buf *out, const char *text);

/* Appends ".SH TEXT" or ".SS TEXT". */
void roff_add_heading(struct buf *out, const char *macro, const char *text);

/* Appends an entry of a list: its tag in bold, what follows the tag in italics (or NULL), the
 * text. */
void roff_add_entry(struct buf *out, const char *tag, const char *value, const char *text);

/* Appends lines as they are, without breaking them. */
void roff_add_example(struct buf *out, const char *lines);

#endif
