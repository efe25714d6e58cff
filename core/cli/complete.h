/* The table of commands as the completion scripts of the shells need it. */
#ifndef FORMY_CLI_COMPLETE_H
#define FORMY_CLI_COMPLETE_H

struct buf;

/* Functions of the shell, which bash and zsh understand: packaging/completion says how they are
 * used. */
void complete_add_shell(struct buf *out);

/* Lines of "complete", for fish. */
void complete_add_fish(struct buf *out);

#endif
