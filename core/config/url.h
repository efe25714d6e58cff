/* Redis URLs: redis://[user[:password]@]host[:port][/db][?db=N], and for sockets
 * unix://[user[:password]@]/path[?db=N] or redis+unix://. */
#ifndef FORMY_CONFIG_URL_H
#define FORMY_CONFIG_URL_H

struct err;

/* What the URL does not say is NULL, or -1 for numbers. */
struct redis_url {
	char *host;
	char *unix_socket;
	char *username;
	char *password;
	int port;
	int db;
};

/* Returns 0, -EINVAL with the reason (which never repeats a password), or -ENOMEM. */
int redis_url_parse(const char *text, struct err *err, struct redis_url *ret_url);

void redis_url_finish(struct redis_url *url);

#endif
