#include "lib/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "lib/tempdir.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"

static void touch(const char *folder, const char *name)
{
	char path[256];

	tempdir_path(path, folder, name);
	tempdir_write(path, "", 0);
}

/* Gives a file what a probe would have found: an id, a mode, an engine. */
static void describe(struct registry *registry, struct plugin_file *file, const char *id,
	const char *mode, const char *engine)
{
	struct descriptor *descriptor = NULL;
	struct err err = {0};
	char json[512];

	(void)snprintf(json, sizeof(json),
		"{\"abi_major\":0,\"abi_minor\":2,\"id\":\"%s\",\"version\":\"1\","
		"\"modes\":[{\"name\":\"%s\",\"output\":true,\"inputs\":[],\"params\":{}}],"
		"\"engines\":[{\"type\":\"%s\"}]}",
		id, mode, engine);
	assert_int_equal(descriptor_from_json(json, strlen(json), &err, &descriptor), 0);
	registry_set_descriptor(registry, file, descriptor);
}

static void scanning_takes_plugin_files_only(void **state)
{
	struct registry *registry = NULL;
	struct err err = {0};
	char path[256];
	char target[256];

	touch(*state, "b.so");
	touch(*state, "a.so");
	touch(*state, ".hidden.so");
	touch(*state, "c.so.tmp");
	touch(*state, "readme.txt");
	touch(*state, ".so");
	tempdir_path(path, *state, "folder.so");
	assert_int_equal(mkdir(path, 0700), 0);
	tempdir_path(path, *state, "again.so");
	tempdir_path(target, *state, "a.so");
	assert_int_equal(symlink(target, path), 0);
	tempdir_path(path, *state, "nowhere.so");
	assert_int_equal(symlink("/nonexistent.so", path), 0);

	assert_int_equal(registry_create(&registry), 0);
	assert_int_equal(registry_scan(registry, *state, &err), 0);
	/* the link sorts after a.so, so it is the one that is known already */
	assert_int_equal(registry_count(registry), 2);
	assert_non_null(strstr(registry_at(registry, 0)->path, "/a.so"));
	assert_non_null(strstr(registry_at(registry, 1)->path, "/b.so"));
	assert_int_equal(registry_at(registry, 0)->state, PLUGIN_FOUND);
	assert_null(registry_at(registry, 2));

	/* the same folder again brings nothing new */
	assert_int_equal(registry_scan(registry, *state, &err), 0);
	assert_int_equal(registry_count(registry), 2);
	assert_int_equal(registry_scan(registry, "/nonexistent", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent"));
	registry_destroy(registry);
}

static void a_mode_in_two_files_has_to_be_chosen(void **state)
{
	struct registry *registry = NULL;
	struct plugin_file *file = NULL;
	const struct descriptor_mode *mode = NULL;
	const struct descriptor_engine *engine = NULL;
	struct err err = {0};

	touch(*state, "a.so");
	touch(*state, "b.so");
	assert_int_equal(registry_create(&registry), 0);
	assert_int_equal(registry_scan(registry, *state, &err), 0);
	assert_int_equal(registry_find_mode(registry, "EDIT", NULL, &err, &file, &mode), -ENOENT);
	describe(registry, registry_at(registry, 0), "one", "EDIT", "local");
	assert_int_equal(registry_find_mode(registry, "EDIT", NULL, &err, &file, &mode), 0);
	assert_ptr_equal(file, registry_at(registry, 0));
	assert_string_equal(mode->name, "EDIT");

	describe(registry, registry_at(registry, 1), "two", "EDIT", "local");
	assert_int_equal(registry_find_mode(registry, "EDIT", NULL, &err, &file, &mode), -ENOTUNIQ);
	assert_non_null(strstr(err.text, "/a.so"));
	assert_non_null(strstr(err.text, "/b.so"));
	assert_non_null(strstr(err.text, "plugin ="));
	assert_int_equal(registry_find_mode(registry, "EDIT", "two", &err, &file, &mode), 0);
	assert_ptr_equal(file, registry_at(registry, 1));
	assert_int_equal(
		registry_find_mode(registry, "EDIT", "three", &err, &file, &mode), -ENOENT);
	assert_int_equal(registry_find_engine(registry, "local", &err, &file, &engine), -ENOTUNIQ);

	/* one that crashed is no choice */
	assert_int_equal(registry_set_state(registry_at(registry, 1), PLUGIN_QUARANTINED, "x"), 0);
	assert_int_equal(registry_find_mode(registry, "EDIT", NULL, &err, &file, &mode), 0);
	assert_int_equal(registry_find_engine(registry, "local", &err, &file, &engine), 0);
	assert_string_equal(engine->type, "local");
	registry_destroy(registry);
}

static void two_files_of_one_id_are_both_refused(void **state)
{
	struct registry *registry = NULL;
	struct plugin_file *file = NULL;
	struct err err = {0};

	touch(*state, "a.so");
	touch(*state, "b.so");
	assert_int_equal(registry_create(&registry), 0);
	assert_int_equal(registry_scan(registry, *state, &err), 0);
	describe(registry, registry_at(registry, 0), "one", "EDIT", "local");
	assert_int_equal(registry_at(registry, 0)->state, PLUGIN_READY);
	describe(registry, registry_at(registry, 1), "one", "OTHER", "remote");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(registry_at(registry, i)->state, PLUGIN_REFUSED);
		assert_non_null(strstr(
			registry_at(registry, i)->reason, registry_at(registry, 1 - i)->path));
	}
	assert_int_equal(registry_find_mode(registry, "EDIT", NULL, &err, &file, NULL), -ENOENT);
	registry_destroy(registry);
}

static void states_have_names(void **state)
{
	(void)state;
	for (int i = PLUGIN_FOUND; i <= PLUGIN_QUARANTINED; i++) {
		const char *name = plugin_state_name((enum plugin_state)i);

		assert_int_equal(plugin_state_of_name(name), i);
	}
	assert_int_equal(plugin_state_of_name("nonsense"), PLUGIN_CRASHED);
	assert_int_equal(plugin_state_of_name(NULL), PLUGIN_CRASHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			scanning_takes_plugin_files_only, tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(
			a_mode_in_two_files_has_to_be_chosen, tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(
			two_files_of_one_id_are_both_refused, tempdir_setup, tempdir_teardown),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
