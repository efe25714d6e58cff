#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/handle.h"
#include "redis/conn.h"

#define CONNECTION_NAME "libformy"

static const formy_client_options defaults = {
	.size = sizeof(defaults),
	.host = "localhost",
	.key_prefix = "formy",
	.port = 6379,
	.connect_timeout_ms = 5000,
	.command_timeout_ms = 5000,
	.uploads = "/var/lib/formy/uploads",
	.results = "/var/lib/formy/results",
	.max_upload_size = 10 * 1024 * 1024,
	.max_pixels = 50 * 1000 * 1000,
	.retention_s = 7 * 86400,
};

int handle_read_struct(const void *from, void *to, size_t size)
{
	uint32_t given;

	if (!from) {
		return -EINVAL;
	}
	memcpy(&given, from, sizeof(given));
	if (given < sizeof(given)) {
		return -EINVAL;
	}
	memset(to, 0, size);
	memcpy(to, from, given < size ? given : size);
	return 0;
}

#define DEFAULT(field)                                                                             \
	do {                                                                                       \
		if (!options->field) {                                                             \
			options->field = defaults.field;                                           \
		}                                                                                  \
	} while (0)

static void fill_defaults(formy_client_options *options)
{
	DEFAULT(host);
	DEFAULT(key_prefix);
	DEFAULT(port);
	DEFAULT(connect_timeout_ms);
	DEFAULT(command_timeout_ms);
	DEFAULT(uploads);
	DEFAULT(results);
	DEFAULT(max_upload_size);
	DEFAULT(max_pixels);
	DEFAULT(retention_s);
}

#undef DEFAULT

static int check_options(const formy_client_options *options, struct err *err)
{
	if (options->flags != 0) {
		return err_set(err, -EINVAL, "the options have flags that this libformy lacks");
	}
	if (options->port < 1 || options->port > 65535) {
		return err_set(err, -EINVAL, "%d is no port: those are 1 to 65535", options->port);
	}
	if (options->db < 0) {
		return err_set(err, -EINVAL, "%d is no database: the first is 0", options->db);
	}
	return 0;
}

static int place_init(struct place *place, const formy_client_options *options, struct err *err)
{
	const struct redis_address address = {
		.host = options->host,
		.port = (uint16_t)options->port,
		.unix_socket = options->unix_socket,
		.db = options->db,
		.username = options->username,
		.password = options->password,
		.connect_timeout_ms = options->connect_timeout_ms,
		.sentinel_master = options->sentinel_master,
		.sentinel_hosts = options->sentinel_hosts,
		.sentinel_username = options->sentinel_username,
		.sentinel_password = options->sentinel_password,
	};
	int result = task_keys_init(&place->keys, options->key_prefix, err);

	if (result < 0) {
		return result;
	}
	place->command_timeout_ms = options->command_timeout_ms;
	if (redis_address_copy(&address, &place->address) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

int place_copy(const struct place *place, struct place *ret_copy)
{
	struct place copy = {.command_timeout_ms = place->command_timeout_ms};

	if (task_keys_init(&copy.keys, place->keys.prefix, NULL) < 0 ||
		redis_address_copy(&place->address, &copy.address) < 0) {
		place_finish(&copy);
		return -ENOMEM;
	}
	*ret_copy = copy;
	return 0;
}

void place_finish(struct place *place)
{
	redis_address_finish(&place->address);
	task_keys_finish(&place->keys);
	*place = (struct place){0};
}

static int init(formy_client *client, const formy_client_options *options, struct err *err)
{
	int result = place_init(&client->place, options, err);

	if (result < 0) {
		return result;
	}
	client->uploads = strdup(options->uploads);
	client->results = strdup(options->results);
	if (!client->uploads || !client->results ||
		redis_conn_create(&client->place.address, CONNECTION_NAME,
			client->place.command_timeout_ms, &client->conn) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	client->store = (struct store_config){
		.uploads = client->uploads,
		.results = client->results,
		.max_upload_size = options->max_upload_size,
		.max_pixels = options->max_pixels,
	};
	client->desk = (struct task_desk){
		.conn = client->conn,
		.keys = &client->place.keys,
		.retention_s = options->retention_s,
	};
	return 0;
}

int formy_client_open(const formy_client_options *options, char error[FORMY_ERROR_SIZE],
	formy_client **ret_client)
{
	formy_client_options known;
	formy_client *client = NULL;
	struct err err = {{0}};
	int result = handle_read_struct(options, &known, sizeof(known));

	if (result < 0) {
		(void)err_set(&err, result, "the options lack their size");
		goto out;
	}
	fill_defaults(&known);
	result = check_options(&known, &err);
	if (result < 0) {
		goto out;
	}
	client = calloc(1, sizeof(*client));
	result = client ? init(client, &known, &err) : err_set(&err, -ENOMEM, "out of memory");
out:
	if (result < 0) {
		formy_client_close(client);
		if (error) {
			(void)text_copy(error, FORMY_ERROR_SIZE, err.text);
		}
		return handle_code(result);
	}
	*ret_client = client;
	return FORMY_CLIENT_OK;
}

void formy_client_close(formy_client *client)
{
	if (!client) {
		return;
	}
	if (client->conn) {
		redis_conn_destroy(client->conn);
	}
	place_finish(&client->place);
	free(client->uploads);
	free(client->results);
	free(client);
}

const char *formy_client_error(const formy_client *client)
{
	return client->err.text;
}

int formy_client_ping(formy_client *client)
{
	return handle_begin(client);
}

const char *formy_client_version(void)
{
	return FORMY_VERSION;
}

/* A connection at rest has nothing to say: what can be read is its end. */
static int is_stale(const struct redis_conn *conn)
{
	struct pollfd polled = {.fd = redis_conn_fd(conn), .events = POLLIN};

	return polled.fd >= 0 && poll(&polled, 1, 0) != 0;
}

int handle_connect(struct redis_conn *conn, struct err *err)
{
	int result;

	if (is_stale(conn)) {
		redis_conn_close(conn);
	}
	result = redis_conn_open(conn, err);
	switch (result) {
	case 0:
		return FORMY_CLIENT_OK;
	case -ENOMEM:
		return FORMY_CLIENT_E_MEMORY;
	case -EACCES:
	case -ENOTSUP:
	case -EINVAL:
		return FORMY_CLIENT_E_REFUSED;
	default:
		/* here a missing file is a missing socket */
		return FORMY_CLIENT_E_REDIS;
	}
}

int handle_begin(formy_client *client)
{
	client->err.text[0] = '\0';
	return handle_connect(client->conn, &client->err);
}

int handle_code(int result)
{
	switch (-result) {
	case 0:
		return FORMY_CLIENT_OK;
	case EINVAL:
	case EFBIG:
		return FORMY_CLIENT_E_ARGUMENT;
	case ENOENT:
		return FORMY_CLIENT_E_NOT_FOUND;
	case EALREADY:
	case EBUSY:
		return FORMY_CLIENT_E_STATE;
	case EEXIST:
		return FORMY_CLIENT_E_EXISTS;
	case EACCES:
	case ENOSPC:
	case EROFS:
	case ENOTSUP:
	case EREMOTEIO:
		return FORMY_CLIENT_E_REFUSED;
	case EILSEQ:
	case EPROTO:
		return FORMY_CLIENT_E_DATA;
	case ENOMEM:
		return FORMY_CLIENT_E_MEMORY;
	default:
		return FORMY_CLIENT_E_REDIS;
	}
}

int handle_fail(formy_client *client, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(client->err.text, sizeof(client->err.text), format, args);
	va_end(args);
	return code;
}
