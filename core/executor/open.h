/* What an executor does before its first job: the walls, then the plugins. */
#ifndef FORMY_EXECUTOR_OPEN_H
#define FORMY_EXECUTOR_OPEN_H

struct executor;

/* Confines this process, loads and opens what setup names, and tells the supervisor READY or, with
 * the reason, REFUSED. 0, or an exit status. */
int open_all(struct executor *ex);

/* Closes what was opened, as far as it was. */
void open_undo(struct executor *ex);

#endif
