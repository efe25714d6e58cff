#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/sandbox.h"
#include "daemon/catalog.h"
#include "daemon/route.h"
#include "image/store.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "plugin/version.h"
#include "wire/msg.h"

/* In a build tree the engines' data lie beside the folder of the programs. */
static struct json_object *default_data_dir(void)
{
	char program[STORE_PATH_SIZE];
	char built[STORE_PATH_SIZE];

	if (fs_program_dir(program, sizeof(program)) == 0 &&
		fs_join(built, sizeof(built), program, "../models") == 0 &&
		access(built, R_OK) == 0) {
		return json_object_new_string(built);
	}
	return json_object_new_string(FORMY_DATA_DIR "/models");
}

/* Beside formy.conf. Not that folder itself: what an engine's config names it may read, and there
 * may be passwords. */
static struct json_object *workflows_dir(const struct config *config)
{
	const char *path = config->path ? config->path : CONFIG_DEFAULT_PATH;
	const char *slash = strrchr(path, '/');
	struct json_object *folder = NULL;
	struct buf text = {0};

	buf_add(&text, path, slash ? (size_t)(slash - path) : 0);
	buf_add_text(&text, "/workflows");
	if (!buf_failed(&text)) {
		folder = json_object_new_string(buf_cstr(&text));
	}
	buf_finish(&text);
	return folder;
}

/* What an engine may want to know of the mode that it works for. */
static struct json_object *mode_facts(const struct config_mode *mode)
{
	struct json_object *facts = NULL;

	if (json_object_deep_copy(mode->extra, &facts, NULL) < 0) {
		return NULL;
	}
	json_object_object_add(facts, "name", json_object_new_string(mode->name));
	if (mode->workflow) {
		json_object_object_add(facts, "workflow", json_object_new_string(mode->workflow));
	}
	if (mode->prompt) {
		json_object_object_add(facts, "prompt", json_object_new_string(mode->prompt));
	}
	return facts;
}

/* Its key goes to the processes that use it and nowhere else. */
static int add_api_key(
	const struct config_engine *engine, struct json_object *config, struct err *err)
{
	char *key = NULL;
	int result = config_read_api_key(engine, err, &key);

	if (result == 0) {
		json_object_object_add(config, "api_key", json_object_new_string(key));
		explicit_bzero(key, strlen(key));
		free(key);
	}
	return result == -ENOENT && !engine->api_key_file ? 0 : result;
}

/* What the operator wrote for the engine, and what the host adds. */
static int engine_config(const struct mode *mode, const struct config_engine *engine,
	unsigned threads, struct err *err, struct json_object **ret_config)
{
	struct json_object *config = NULL;
	int result;

	if (json_object_deep_copy(engine->extra, &config, NULL) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	result = add_api_key(engine, config, err);
	if (result < 0) {
		json_object_put(config);
		return result;
	}
	json_object_object_add(config, "workflows_dir", workflows_dir(mode->catalog->config));
	json_object_object_add(config, "mode", mode_facts(mode->config));
	if (!json_member(config, "data_dir")) {
		json_object_object_add(config, "data_dir", default_data_dir());
	}
	if (!json_member(config, "threads")) {
		json_object_object_add(config, "threads", json_object_new_int((int32_t)threads));
	}
	*ret_config = config;
	return 0;
}

static uint32_t grants_of(const struct config_engine *engine, const struct plugin_file *plugin)
{
	return plugin->descriptor->needs & config_engine_grants(engine);
}

/* What everybody's programs look for to reach the network; an executor's environment is empty. */
static struct json_object *network_variables(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"};
	struct json_object *found = json_object_new_object();

	for (size_t i = 0; found && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value) {
			json_object_object_add(found, names[i], json_object_new_string(value));
		}
	}
	return found;
}

/* Writes the section of one of the mode's engines, and what it is granted, into the setup. */
static int add_engine(const struct mode *mode, const struct config_engine *engine,
	const struct plugin_file *plugin, struct msg *msg, struct err *err,
	struct json_object **ret_config)
{
	const uint32_t granted = grants_of(engine, plugin);
	int result = engine_config(mode, engine, (unsigned)msg->setup.threads, err, ret_config);

	msg->setup.granted |= granted;
	if (result == 0 && (granted & SANDBOX_NET)) {
		json_object_object_add(*ret_config, "environment", network_variables());
	}
	return result;
}

int route_setup(const struct route *route, const char *scratch, struct err *err, struct buf *out)
{
	const struct mode *mode = route->mode;
	const struct config *config = mode->catalog->config;
	const unsigned threads = (unsigned)config->worker.threads_per_executor;
	struct json_object *engine = NULL;
	struct json_object *helper = NULL;
	struct msg msg = {.type = MSG_SETUP};
	int result = 0;

	msg.setup = (struct msg_setup){
		.protocol = MSG_PROTOCOL,
		.mode = mode->name,
		.mode_config = json_text(mode->config->extra),
		.plugin_path = mode->plugin->path,
		.copies = MSG_COPY_PLUGIN,
		.scratch = scratch,
		.max_upload_size = (uint64_t)config->storage.max_upload_size,
		.max_pixels = (uint64_t)config->storage.max_pixels,
		.threads = threads,
		.log_level = config->worker.log_level,
		.sandbox = mode->config->sandbox,
		.granted = mode->plugin->descriptor->needs & config_mode_grants(mode->config),
		.memory = (uint64_t)mode->config->memory_limit,
	};
	if (route->engine) {
		result = add_engine(mode, route->engine, route->engine_plugin, &msg, err, &engine);
		msg.setup.engine_name = route->engine->name;
		msg.setup.engine_type = route->engine->type;
		msg.setup.engine_path = route->engine_plugin->path;
		msg.setup.copies |= MSG_COPY_ENGINE;
		msg.setup.engine_config = engine ? json_text(engine) : NULL;
	}
	if (route->engine && mode->helper && result == 0) {
		result = add_engine(mode, mode->helper, mode->helper_plugin, &msg, err, &helper);
		msg.setup.helper_name = mode->helper->name;
		msg.setup.helper_type = mode->helper->type;
		msg.setup.helper_path = mode->helper_plugin->path;
		msg.setup.copies |= MSG_COPY_HELPER;
		msg.setup.helper_config = helper ? json_text(helper) : NULL;
	}
	if (result == 0 && msg_encode(&msg, out) < 0) {
		result = err_set(err, -EMSGSIZE, "the mode's configuration is too large");
	}
	json_object_put(engine);
	json_object_put(helper);
	return result;
}

size_t route_files(const struct route *route, int places_fd, int ret_fds[ROUTE_FILES])
{
	size_t count = 0;

	ret_fds[count++] = plugin_file_serving(route->mode->plugin)->fd;
	if (route->engine) {
		ret_fds[count++] = plugin_file_serving(route->engine_plugin)->fd;
	}
	if (route->engine && route->mode->helper) {
		ret_fds[count++] = plugin_file_serving(route->mode->helper_plugin)->fd;
	}
	if (places_fd >= 0) {
		ret_fds[count++] = places_fd;
	}
	return count;
}

static bool same_plugin(const struct plugin_file *a, const struct plugin_file *b)
{
	return a == b || (a && b && plugin_file_serving(a) == plugin_file_serving(b));
}

bool route_same(const struct route *a, const struct route *b)
{
	struct buf first = {0};
	struct buf second = {0};
	struct err err = {0};
	bool same = same_plugin(a->mode->plugin, b->mode->plugin) &&
		same_plugin(a->engine_plugin, b->engine_plugin) &&
		same_plugin(a->mode->helper_plugin, b->mode->helper_plugin) &&
		route_setup(a, "", &err, &first) == 0 && route_setup(b, "", &err, &second) == 0 &&
		first.len == second.len && memcmp(first.data, second.data, first.len) == 0;

	buf_finish(&first);
	buf_finish(&second);
	return same;
}
