/* The three connections to Redis: scripts, the blocking wait, and the channels. */
#ifndef FORMY_DAEMON_CONNECT_H
#define FORMY_DAEMON_CONNECT_H

struct err;
struct supervisor;

/* Opens them and makes the queue; they are up when they are up. 0 or a negative errno. */
int connect_open(struct supervisor *sup, struct err *err);

/* Redis answered a script with an error, or took one again: says so once, not once an attempt. */
void connect_refused(struct supervisor *sup, const char *why);
void connect_accepted(struct supervisor *sup);

/* What was asked and not answered is called back, as cancelled. */
void connect_close(struct supervisor *sup);

#endif
