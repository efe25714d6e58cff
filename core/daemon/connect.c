#include "daemon/connect.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/claimer.h"
#include "daemon/lease.h"
#include "daemon/publish.h"
#include "daemon/reload.h"
#include "daemon/supervisor.h"
#include "redis/link.h"
#include "task/queue.h"

/* Without an answer for so long a connection counts as dead: well before a lease ends. */
#define OVERDUE_MS 5000

/* Between two lines about the same trouble. */
#define SAY_EVERY_MS 5000

static void warn_of_server(const struct link_server *server)
{
	if (strcmp(server->maxmemory_policy, "noeviction") != 0 && server->maxmemory > 0) {
		log_warning("Redis may evict tasks: set maxmemory-policy to noeviction",
			LOG_S("maxmemory_policy", server->maxmemory_policy));
	}
	if (!server->saves) {
		log_warning(
			"Redis keeps no log of changes on disk: its restart loses tasks since its "
			"last snapshot; set appendonly yes");
	}
}

static void trouble_begins(struct supervisor *sup)
{
	if (sup->trouble_since_ms == 0) {
		sup->trouble_since_ms = clock_mono_ms();
	}
}

void connect_refused(struct supervisor *sup, const char *why)
{
	trouble_begins(sup);
	sup->refused_ms = clock_mono_ms();
	if (strcmp(sup->refused_why, why) != 0) {
		(void)text_copy(sup->refused_why, sizeof(sup->refused_why), why);
		log_error("Redis refuses; it is tried again until it does not", LOG_S("why", why));
	}
}

/* One kind of script may be refused and another not: only a while without a refusal ends it. */
void connect_accepted(struct supervisor *sup)
{
	sup->trouble_since_ms = 0;
	sup->spool_said = false;
	sup->spool_failed = false;
	if (sup->refused_why[0] != '\0' && clock_mono_ms() - sup->refused_ms >= SAY_EVERY_MS) {
		sup->refused_why[0] = '\0';
		log_info("Redis takes everything again");
	}
}

static void on_up(struct link *link, const struct link_server *server, void *data)
{
	struct supervisor *sup = data;

	(void)link;
	log_info("connected to Redis", LOG_S("redis", link_where(link)),
		LOG_S("version", server->version));
	warn_of_server(server);
	sup->redis_up = true;
	sup->redis_why[0] = '\0';
	sup->refused_why[0] = '\0';
	/* what this worker holds is renewed before it looks for what others have left */
	sup->last_reap_ms = clock_mono_ms();
	claimer_recover(sup);
	claimer_wake(sup);
	supervisor_begin(sup);
	lease_beat(sup);
}

static void on_down(struct link *link, const char *why, uint64_t retry_in_ms, void *data)
{
	struct supervisor *sup = data;

	uint64_t now = clock_mono_ms();

	(void)link;
	trouble_begins(sup);
	if (!sup->redis_up) {
		/* it was tried, and Redis is away: nobody can say whose a task is */
		publish_go_on(sup);
	}
	sup->redis_up = false;
	/* what broke this one broke the others, which may be slow to notice */
	link_reset(sup->waiting_link, why);
	link_reset(sup->channel_link, why);
	/* one line an outage and reason, not one an attempt */
	if (sup->redis_why[0] == '\0' ||
		(strcmp(sup->redis_why, why) != 0 && now - sup->redis_said_ms >= SAY_EVERY_MS)) {
		sup->redis_said_ms = now;
		(void)text_copy(sup->redis_why, sizeof(sup->redis_why), why);
		log_at(sup->phase == PHASE_STARTING ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
			"no connection to Redis", LOG_S("why", why),
			LOG_I("retry_in_ms", (int64_t)retry_in_ms));
	}
}

static void on_quiet_up(struct link *link, const struct link_server *server, void *data)
{
	(void)link;
	(void)server;
	/* what came while nobody listened, and what was claimed for nobody */
	claimer_recover(data);
	claimer_wake(data);
	lease_beat(data);
}

static void on_quiet_down(struct link *link, const char *why, uint64_t retry_in_ms, void *data)
{
	(void)link;
	(void)data;
	log_debug("connection to Redis lost", LOG_S("why", why),
		LOG_I("retry_in_ms", (int64_t)retry_in_ms));
}

/* {"cancel": id}: somebody cancelled or deleted a task, which may be one of ours. {"release": id}:
 * a plugin's quarantine is over. */
static void on_control(struct supervisor *sup, struct str text)
{
	struct json_object *message = NULL;
	const char *id = NULL;

	if (json_parse(text.data, text.len, 4096, NULL, &message) < 0) {
		return;
	}
	if (json_get_string(message, "cancel", &id) == 0 && supervisor_find_job(sup, id, NULL)) {
		/* the answer to a beat says which of the two it was, and that it is true */
		lease_beat_now(sup);
	}
	if (json_get_string(message, "release", &id) == 0) {
		reload_release(sup, id);
	}
	json_object_put(message);
}

static void on_message(struct link *link, struct str channel, struct str text, void *data)
{
	struct supervisor *sup = data;
	const struct task_keys *keys = queue_keys(sup->queue);

	(void)link;
	if (str_eq(channel, keys->names[TASK_CHANNEL_CONTROL].data)) {
		on_control(sup, text);
	} else {
		claimer_wake(sup);
	}
}

/* "<master> <old host> <old port> <new host> <new port>" */
static void on_switched(struct link *link, struct str channel, struct str text, void *data)
{
	struct supervisor *sup = data;
	const char *master = sup->catalog->config->redis.sentinel_master;
	size_t len = strlen(master);

	(void)link;
	(void)channel;
	if (text.len > len && memcmp(text.data, master, len) == 0 && text.data[len] == ' ') {
		log_info("the sentinels have made another server the master");
		link_follow(sup->link, "the master is another server now");
		link_follow(sup->waiting_link, "the master is another server now");
		link_follow(sup->channel_link, "the master is another server now");
	}
}

/* A switch may have been told while nobody listened; asking again is cheap. */
static void on_sentinel_up(struct link *link, const struct link_server *server, void *data)
{
	struct supervisor *sup = data;

	(void)server;
	log_debug("listening to a sentinel", LOG_S("sentinel", link_where(link)));
	if (!link_is_up(sup->link)) {
		link_follow(sup->link, "a sentinel is there");
	}
}

static const struct link_owner sentinel_owner = {
	.up = on_sentinel_up,
	.down = on_quiet_down,
	.message = on_switched,
};

static const struct link_owner main_owner = {.up = on_up, .down = on_down};
static const struct link_owner waiting_owner = {.up = on_quiet_up, .down = on_quiet_down};
static const struct link_owner channel_owner = {
	.up = on_quiet_up,
	.down = on_quiet_down,
	.message = on_message,
};

static int open_sentinel(struct supervisor *sup, const struct redis_address *address)
{
	static const char *const channels[] = {"+switch-master", NULL};
	const struct redis_address sentinel = {
		.username = address->sentinel_username,
		.password = address->sentinel_password,
		.connect_timeout_ms = address->connect_timeout_ms,
		.sentinel_master = address->sentinel_master,
		.sentinel_hosts = address->sentinel_hosts,
	};
	const struct link_options options = {
		.address = &sentinel,
		.name = "formyd-sentinel",
		.flags = LINK_SENTINEL,
		.channels = channels,
		.owner = &sentinel_owner,
		.data = sup,
	};

	return address->sentinel_master ? link_open(sup->loop, &options, &sup->sentinel_link) : 0;
}

int connect_open(struct supervisor *sup, struct err *err)
{
	const struct config *config = sup->catalog->config;
	const struct redis_address address = {
		.host = config->redis.host,
		.port = (uint16_t)config->redis.port,
		.unix_socket = config->redis.unix_socket,
		.db = config->redis.db,
		.username = config->redis.username,
		.password = config->redis.password,
		.connect_timeout_ms = (uint32_t)config->redis.connect_timeout_ms,
		.sentinel_master = config->redis.sentinel_master,
		.sentinel_hosts = config->redis.sentinel_hosts,
		.sentinel_username = config->redis.sentinel_username,
		.sentinel_password = config->redis.sentinel_password,
	};
	const struct queue_options queue_options = {
		.prefix = config->redis.key_prefix,
		.worker = sup->worker,
		.lease_ms = LEASE_MS,
		.policy = catalog_queue_policy(sup->catalog),
	};
	struct link_options options = {
		.address = &address,
		.name = "formyd",
		.overdue_ms = OVERDUE_MS,
		.flags = LINK_WRITES,
		.owner = &main_owner,
		.data = sup,
	};
	const char *channels[3] = {0};
	int result;

	redis_address_text(&address, sup->redis_text);
	result = link_open(sup->loop, &options, &sup->link);
	if (result < 0) {
		return err_set(err, result, "out of memory");
	}
	result = queue_create(sup->link, &queue_options, err, &sup->queue);
	if (result < 0) {
		return result;
	}
	options.owner = &waiting_owner;
	options.flags = LINK_BLOCKING | LINK_WRITES;
	options.overdue_ms = 0;
	options.name = "formyd-wait";
	result = link_open(sup->loop, &options, &sup->waiting_link);
	if (result < 0) {
		return err_set(err, result, "out of memory");
	}
	channels[0] = queue_keys(sup->queue)->names[TASK_CHANNEL_WAKE].data;
	channels[1] = queue_keys(sup->queue)->names[TASK_CHANNEL_CONTROL].data;
	options.owner = &channel_owner;
	options.flags = 0;
	options.overdue_ms = OVERDUE_MS;
	options.channels = channels;
	options.name = "formyd-channels";
	result = link_open(sup->loop, &options, &sup->channel_link);
	if (result == 0) {
		result = open_sentinel(sup, &address);
	}
	return result < 0 ? err_set(err, result, "out of memory") : 0;
}

void connect_close(struct supervisor *sup)
{
	queue_destroy(sup->queue);
	sup->queue = NULL;
	link_close(sup->link);
	link_close(sup->waiting_link);
	link_close(sup->channel_link);
	link_close(sup->sentinel_link);
	sup->sentinel_link = NULL;
	sup->link = NULL;
	sup->waiting_link = NULL;
	sup->channel_link = NULL;
}
