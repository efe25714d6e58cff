/* Outcomes on disk while Redis cannot take them, so that they survive this process too; and which
 * files are on their way into the store, so that somebody knows of them when this process is killed.
 *
 * One small synced file a task, in <results>/.scratch/<worker>/outcomes, written when Redis has not
 * taken it for a second or the worker goes down, and removed when Redis has answered. A formyd that
 * starts takes over those of workers that are no more, and sends them: what is still under its
 * claim is accepted, the rest is refused as any late result is. Loop's thread only, but for
 * spool_mark(). */
#ifndef FORMY_DAEMON_SPOOL_H
#define FORMY_DAEMON_SPOOL_H

struct job;
struct supervisor;

/* Writes every ended job that has no file yet. Says so once an outage, failures too. */
void spool_keep(struct supervisor *sup);

/* Its files are about to get their names in the store: an outcome that says so (QUEUE_LEFT) is put
 * where the job's own one will be. Not synced; without it the job goes on. Any thread. */
void spool_mark(struct supervisor *sup, struct job *job);

/* Redis has answered to the job's outcome: its file goes. */
void spool_forget(struct supervisor *sup, struct job *job);

/* Makes ended jobs of the files that are in the worker's folder. At the start, before Redis. */
void spool_load(struct supervisor *sup);

#endif
