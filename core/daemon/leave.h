/* How a worker ends: no new tasks, those that run may end for a while, the last outcomes are written,
 * and it signs off. Loop's thread only. */
#ifndef FORMY_DAEMON_LEAVE_H
#define FORMY_DAEMON_LEAVE_H

struct supervisor;

/* It was told to stop: drains; when that is under way already, stops at once. */
void leave_begin(struct supervisor *sup);

/* Looks whether a worker that goes down has anything left to do. */
void leave_check(struct supervisor *sup);

/* Closes all handles, and the loop ends. */
void leave_close(struct supervisor *sup, int exit_status);

#endif
