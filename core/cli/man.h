/* formy(1), made from the table of commands. */
#ifndef FORMY_CLI_MAN_H
#define FORMY_CLI_MAN_H

struct buf;

void man_add_formy(struct buf *out);

#endif
