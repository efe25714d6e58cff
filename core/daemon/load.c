#include "daemon/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/probe.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"

struct load {
	struct catalog *catalog;
	struct probe *probe;
	load_done_fn *done;
	void *arg;
	struct config_problems problems;
};

int load_find_executor(char path[STORE_PATH_SIZE], struct err *err)
{
	static const char name[] = "formy-executor";

	if (fs_find_helper(path, STORE_PATH_SIZE, name, FORMY_LIBEXEC_NEAR, FORMY_LIBEXEC_DIR) ==
		0) {
		return 0;
	}
	return err_set(err, -ENOENT, "%s is neither beside formyd nor in %s: install Formy again",
		name, FORMY_LIBEXEC_DIR);
}

static void free_load(struct load *load)
{
	config_problems_finish(&load->problems);
	free(load);
}

static void on_probed(void *arg)
{
	struct load *load = arg;

	catalog_add_modes(load->catalog, &load->problems);
	load->done(&load->problems, load->arg);
	free_load(load);
}

int load_begin(uv_loop_t *loop, const char *program, const struct catalog *previous,
	struct catalog *catalog, enum registry_scan how, load_done_fn *done, void *arg,
	struct load **ret_load)
{
	const struct config_worker *worker = &catalog->config->worker;
	struct load *load = calloc(1, sizeof(*load));
	int result;

	if (!load) {
		return -ENOMEM;
	}
	load->catalog = catalog;
	load->done = done;
	load->arg = arg;
	for (size_t i = 0; i < worker->plugin_dir_count; i++) {
		struct err err = {0};

		result = registry_scan(catalog->registry, previous ? previous->registry : NULL,
			worker->plugin_dirs[i], how, &err);
		if (result < 0 && how == SCAN_ALL) {
			/* a default folder that is not there is no mistake of anybody */
			log_at(result == -ENOENT ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
				"plugin folder skipped", LOG_S("why", err.text));
		}
	}
	result = probe_all(loop, program, catalog->registry, on_probed, load, &load->probe);
	if (result < 0) {
		free_load(load);
		return result;
	}
	*ret_load = load;
	return 0;
}

void load_cancel(struct load *load)
{
	if (load) {
		probe_cancel(load->probe);
		free_load(load);
	}
}

static bool is_news(const struct catalog *previous, const struct plugin_file *file)
{
	const struct plugin_file *before =
		previous ? registry_find_path(previous->registry, file->path) : NULL;

	return !before || before->state != file->state ||
		plugin_file_serving(before) != plugin_file_serving(file) ||
		strcmp(before->reason ? before->reason : "", file->reason ? file->reason : "") != 0;
}

static void report_file(const struct plugin_file *file)
{
	const struct descriptor *descriptor = file->descriptor;
	const char *hint = plugin_state_hint(file->state);

	log_at(file->state == PLUGIN_READY || file->state == PLUGIN_OFF ? LOG_LEVEL_INFO
									: LOG_LEVEL_ERROR,
		file->state == PLUGIN_READY         ? "plugin found"
			: file->state == PLUGIN_OFF ? "plugin not in use"
						    : "plugin cannot be used",
		LOG_S("plugin", descriptor ? descriptor->id : NULL),
		LOG_S("version", descriptor ? descriptor->version : NULL),
		LOG_S("file", file->path), LOG_S("state", plugin_state_name(file->state)),
		LOG_S("why", file->reason), LOG_S("hint", hint[0] ? hint : NULL));
}

static void report_removed(const struct catalog *previous, const struct catalog *catalog)
{
	for (size_t i = 0; i < registry_count(previous->registry); i++) {
		const struct plugin_file *file = registry_at(previous->registry, i);

		if (!registry_find_path(catalog->registry, file->path)) {
			log_info("plugin removed", LOG_S("file", file->path));
		}
	}
}

void load_report(const struct catalog *previous, const struct catalog *catalog,
	const struct config_problems *problems)
{
	for (size_t i = 0; i < registry_count(catalog->registry); i++) {
		const struct plugin_file *file = registry_at(catalog->registry, i);

		if (is_news(previous, file)) {
			report_file(file);
		}
	}
	if (previous) {
		report_removed(previous, catalog);
	}
	for (size_t i = 0; i < problems->count; i++) {
		log_error(problems->texts[i]);
	}
	if (catalog->mode_count == 0) {
		log_warning("no mode is served: enable one in formy.conf with "
			    "mode \"NAME\" { enabled = true }");
	}
}
