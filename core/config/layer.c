#include "config/layer.h"

#include "base/err.h"
#include "config/array.h"
#include "config/url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_PATH_MAX 107 /* of sockaddr_un */

static const char *const address_names[] = {"host", "port", "db", "unix_socket", NULL};

int layer_add(struct layer *layer, const struct setting *setting)
{
	struct setting *grown = array_grow(layer->settings, layer->count, sizeof(*grown));

	if (grown == NULL) {
		return -ENOMEM;
	}
	layer->settings = grown;
	grown[layer->count++] = *setting;
	return 0;
}

void layer_finish(struct layer *layer)
{
	free(layer->settings);
	*layer = (struct layer){0};
}

/* The last setting of an option of the section redis, or NULL. */
static const struct setting *find(const struct layer *layer, const char *name)
{
	const struct option *option = option_find("redis", name);

	for (size_t i = layer->count; i > 0; i--) {
		if (layer->settings[i - 1].option == option) {
			return &layer->settings[i - 1];
		}
	}
	return NULL;
}

static void refuse_both(const struct layer *layer, struct config_problems *problems)
{
	for (int i = 0; address_names[i] != NULL; i++) {
		const struct setting *other = find(layer, address_names[i]);

		if (other != NULL) {
			problems_add(problems, other->place,
				"%s and url both say where Redis is; keep one of them",
				address_names[i]);
		}
	}
}

/* Forgets what weaker layers say of the address, when this one has an address of its own. */
static int forget_address(const struct layer *layer, struct config *config)
{
	static const char *const login_names[] = {"username", "password", NULL};
	int result = 0;

	if (find(layer, "url") == NULL) {
		if (find(layer, "host") != NULL && find(layer, "unix_socket") == NULL) {
			result = store_default(config, option_find("redis", "unix_socket"));
		}
		return result;
	}
	for (int i = 0; address_names[i] != NULL && result == 0; i++) {
		result = store_default(config, option_find("redis", address_names[i]));
	}
	/* a password is not for another server than the one that it was written for */
	for (int i = 0; login_names[i] != NULL && result == 0; i++) {
		result = store_default(config, option_find("redis", login_names[i]));
	}
	return result;
}

static void move_text(char **to, char **from)
{
	if (*from != NULL) {
		free(*to);
		*to = *from;
		*from = NULL;
	}
}

static int apply_url(
	const struct setting *setting, struct config_redis *redis, struct config_problems *problems)
{
	struct err err = {0};
	struct redis_url url = {0};
	int result;

	if (setting->list || setting->append || setting->count != 1) {
		problems_add(problems, setting->place, "url takes one value, not a list");
		return 0;
	}
	result = redis_url_parse(setting->values[0].text, &err, &url);
	if (result == -EINVAL) {
		problems_add(problems, setting->place, "%s", err.text);
		return 0;
	}
	if (result < 0) {
		return result;
	}
	if (url.unix_socket != NULL && strlen(url.unix_socket) > SOCKET_PATH_MAX) {
		problems_add(problems, setting->place,
			"the path of a socket is at most %d bytes long", SOCKET_PATH_MAX);
	}
	if (url.host != NULL && strpbrk(url.host, " /\\") != NULL) {
		problems_add(problems, setting->place, "the URL's host is no name of a host");
	}
	free(redis->unix_socket);
	redis->unix_socket = NULL;
	move_text(&redis->unix_socket, &url.unix_socket);
	move_text(&redis->host, &url.host);
	move_text(&redis->username, &url.username);
	move_text(&redis->password, &url.password);
	redis->port = url.port >= 0 ? url.port : redis->port;
	redis->db = url.db >= 0 ? url.db : redis->db;
	redis_url_finish(&url);
	return 0;
}

int layer_apply(const struct layer *layer, struct config *config, struct config_problems *problems)
{
	const struct setting *url = find(layer, "url");
	int result = forget_address(layer, config);

	if (url != NULL && layer->strict) {
		refuse_both(layer, problems);
	}
	for (size_t i = 0; i < layer->count && result != -ENOMEM; i++) {
		if (layer->settings[i].option->type != OPTION_URL) {
			result = store_setting(config, &layer->settings[i], problems);
		}
	}
	if (url != NULL && result != -ENOMEM) {
		result = apply_url(url, &config->redis, problems);
	}
	return result == -ENOMEM ? result : 0;
}
