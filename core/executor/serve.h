/* The life of an executor: set up once, then one job after another. */
#ifndef FORMY_EXECUTOR_SERVE_H
#define FORMY_EXECUTOR_SERVE_H

/* Serves until the supervisor closes the channel. Returns the exit status: 0 at that end and when a
 * plugin has used up the process' descriptors, 69 when the mode cannot be served (which was said by
 * REFUSED), 76 when the supervisor sent what makes no sense, 71 when the system failed. */
int serve_run(int channel, int control_fd);

#endif
