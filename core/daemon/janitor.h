/* The janitor: what has been kept for retention_days goes, in small steps, by one worker at a time.
 *
 * Redis says which tasks are no more, or ended badly when nobody was there to remove what a killed
 * attempt of theirs had published; their result files are removed on libuv's pool, and then forgotten
 * in Redis. Uploads that nobody has used for so long are removed unless a task that has
 * not ended names them. Loop's thread only. */
#ifndef FORMY_DAEMON_JANITOR_H
#define FORMY_DAEMON_JANITOR_H

struct supervisor;

/* The timer. 0 or a negative errno. */
int janitor_init(struct supervisor *sup);

/* Begins no further step. */
void janitor_close(struct supervisor *sup);

/* After the loop has ended. */
void janitor_destroy(struct supervisor *sup);

#endif
