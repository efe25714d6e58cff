#include "daemon/check.h"

#include <stdio.h>
#include <sysexits.h>
#include <uv.h>

#include "base/err.h"
#include "daemon/catalog.h"
#include "daemon/load.h"
#include "daemon/trial.h"
#include "plugin/registry.h"

struct check {
	struct catalog *catalog;
	size_t problems;
};

static void on_loaded(const struct config_problems *problems, void *arg)
{
	struct check *check = arg;
	struct registry *registry = check->catalog->registry;

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct plugin_file *file = registry_at(registry, i);

		if (file->state != PLUGIN_READY && file->state != PLUGIN_OFF) {
			(void)fprintf(stderr, "%s: %s: %s\n", file->path,
				plugin_state_name(file->state), file->reason ? file->reason : "");
			check->problems++;
		}
	}
	for (size_t i = 0; i < problems->count; i++) {
		(void)fprintf(stderr, "%s\n", problems->texts[i]);
		check->problems++;
	}
}

static void on_untried(const struct mode *mode, const char *why, void *arg)
{
	struct check *check = arg;

	(void)fprintf(stderr, "%s:%d: mode \"%s\": %s\n", mode->config->file, mode->config->line,
		mode->name, why);
	check->problems++;
}

int check_run(struct config *config)
{
	struct check check = {.catalog = catalog_create(config)};
	char program[STORE_PATH_SIZE];
	struct err err = {0};
	struct load *load = NULL;
	int status = EX_OK;
	uv_loop_t loop;

	if (!check.catalog || uv_loop_init(&loop) < 0) {
		catalog_release(check.catalog);
		(void)fputs("formyd: out of memory\n", stderr);
		return EX_OSERR;
	}
	if (load_find_executor(program, &err) < 0 ||
		load_begin(&loop, program, NULL, check.catalog, SCAN_ALL, on_loaded, &check,
			&load) < 0) {
		(void)fprintf(stderr, "formyd: %s\n", err.text[0] ? err.text : "out of memory");
		status = EX_OSERR;
	}
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	if (status == EX_OK &&
		trial_run_all(&loop, program, check.catalog, on_untried, &check) < 0) {
		(void)fputs("formyd: no folder for a trial can be made in /tmp\n", stderr);
		status = EX_OSERR;
	}
	(void)uv_loop_close(&loop);
	if (status == EX_OK && check.problems > 0) {
		status = EX_CONFIG;
	} else if (status == EX_OK) {
		(void)fprintf(stderr,
			"formyd: the configuration is right: %s; modes: %zu, plugin files: %zu\n",
			check.catalog->config->path ? check.catalog->config->path : "defaults",
			check.catalog->mode_count, registry_count(check.catalog->registry));
	}
	catalog_release(check.catalog);
	return status;
}
