/* The plugin folders, watched: what appears, changes or goes away there is taken up without a HUP.
 *
 * The kernel tells of changes; a slow scan finds what it cannot tell: folders on a network, targets
 * of links, folders that come later. Loop's thread only. */
#ifndef FORMY_DAEMON_WATCH_H
#define FORMY_DAEMON_WATCH_H

#include <stdbool.h>

struct supervisor;

/* Begins to watch the folders of the catalog in force. 0, or -ENOMEM. */
int watch_begin(struct supervisor *sup);

/* A scan has ended. unsettled: files were left out as they changed just now; it is to come again
 * when they have settled. */
void watch_scanned(struct supervisor *sup, bool unsettled);

/* Another catalog is in force: its folders may be others. */
void watch_follow(struct supervisor *sup);

void watch_close(struct supervisor *sup);

#endif
