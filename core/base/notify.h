/* What the service manager is told: sd_notify(3), without its library.
 *
 * One datagram to the socket that systemd names in NOTIFY_SOCKET; where there is none, nothing
 * happens. What cannot be sent is lost: no service ends because nobody listens to it. */
#ifndef FORMY_BASE_NOTIFY_H
#define FORMY_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	struct sockaddr_un manager;
	socklen_t manager_len; /* 0: nobody wants to know */

	/* How often the manager wants to hear that all is well: half of the time after which it
	 * ends us. 0: it does not want to. */
	uint64_t watchdog_ms;
};

/* Takes the socket and the watchdog's time out of the environment, so that no child finds them. */
void notify_init(struct notify *notify);

/* Sends lines of "NAME=VALUE", printf-like. False when there is nobody, or it could not be sent. A
 * zeroed struct has nobody. */
bool notify_send(const struct notify *notify, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* RELOADING=1 with the time that it must carry; end it by notify_send("READY=1"). */
void notify_reloading(const struct notify *notify);

#endif
