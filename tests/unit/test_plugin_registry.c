#include "lib/test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "lib/tempdir.h"
#include "plugin/descriptor.h"
#include "plugin/registry.h"
#include "plugin/version.h"

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
		"{\"abi_major\":1,\"abi_minor\":0,\"id\":\"%s\",\"version\":\"1\","
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
	assert_int_equal(registry_scan(registry, NULL, *state, SCAN_ALL, &err), 0);
	/* the link sorts after a.so, so it is the one that is known already */
	assert_int_equal(registry_count(registry), 3);
	assert_non_null(strstr(registry_at(registry, 0)->path, "/a.so"));
	assert_non_null(strstr(registry_at(registry, 1)->path, "/b.so"));
	assert_int_equal(registry_at(registry, 0)->state, PLUGIN_FOUND);
	assert_non_null(strstr(registry_at(registry, 2)->path, "/folder.so"));
	assert_int_equal(registry_at(registry, 2)->state, PLUGIN_REFUSED);
	assert_non_null(strstr(registry_at(registry, 2)->reason, "a folder"));
	assert_null(registry_at(registry, 3));

	/* the same folder again brings nothing new */
	assert_int_equal(registry_scan(registry, NULL, *state, SCAN_ALL, &err), 0);
	assert_int_equal(registry_count(registry), 3);
	assert_int_equal(registry_scan(registry, NULL, "/nonexistent", SCAN_ALL, &err), -ENOENT);
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
	assert_int_equal(registry_scan(registry, NULL, *state, SCAN_ALL, &err), 0);
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
	assert_int_equal(registry_scan(registry, NULL, *state, SCAN_ALL, &err), 0);
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

/* What a scan after this one makes of the folder. */
static struct registry *scan_again(
	const struct registry *previous, const char *folder, enum registry_scan how)
{
	struct registry *registry = NULL;
	struct err err = {0};

	assert_int_equal(registry_create(&registry), 0);
	assert_int_equal(registry_scan(registry, previous, folder, how, &err), 0);
	return registry;
}

static void what_is_unchanged_is_known(void **state)
{
	struct registry *first = NULL;
	struct registry *second;

	touch(*state, "a.so");
	touch(*state, "b.so");
	first = scan_again(NULL, *state, SCAN_ALL);
	describe(first, registry_at(first, 0), "one", "EDIT", "local");
	registry_set_failed(first, registry_at(first, 1), PLUGIN_CRASHED, "it fell");
	second = scan_again(first, *state, SCAN_SETTLED);
	assert_int_equal(registry_at(second, 0)->state, PLUGIN_READY);
	assert_ptr_equal(registry_at(second, 0)->version, registry_at(first, 0)->version);
	assert_int_equal(registry_at(second, 1)->state, PLUGIN_CRASHED);
	assert_string_equal(registry_at(second, 1)->reason, "it fell");
	assert_true(registry_same(first, second));
	registry_destroy(second);

	/* a person who asks wants to know whether it still crashes */
	second = scan_again(first, *state, SCAN_ALL);
	assert_int_equal(registry_at(second, 0)->state, PLUGIN_READY);
	assert_int_equal(registry_at(second, 1)->state, PLUGIN_FOUND);
	assert_false(registry_same(first, second));
	registry_destroy(second);
	registry_destroy(first);
}

static void what_was_just_written_waits(void **state)
{
	struct registry *first;
	struct registry *second;
	char path[256];

	touch(*state, "a.so");
	first = scan_again(NULL, *state, SCAN_ALL);
	describe(first, registry_at(first, 0), "one", "EDIT", "local");
	tempdir_path(path, *state, "a.so");
	tempdir_write(path, "other", 5);
	touch(*state, "new.so");
	second = scan_again(first, *state, SCAN_SETTLED);
	assert_true(registry_is_unsettled(second));
	assert_int_equal(registry_count(second), 1);
	assert_ptr_equal(registry_at(second, 0)->version, registry_at(first, 0)->version);
	registry_destroy(second);
	/* even then what was there before goes on, as that is known to be whole */
	second = scan_again(first, *state, SCAN_ALL);
	assert_true(registry_is_unsettled(second));
	assert_int_equal(registry_count(second), 2);
	assert_int_equal(registry_at(second, 0)->state, PLUGIN_READY);
	assert_int_equal(registry_at(second, 1)->state, PLUGIN_FOUND);
	registry_destroy(second);
	registry_destroy(first);
}

static void a_bad_replacement_leaves_the_old_one(void **state)
{
	struct plugin_file *file = NULL;
	struct registry *first;
	struct registry *second;
	struct registry *third;
	struct err err = {0};
	char path[256];
	char text[8] = {0};

	tempdir_path(path, *state, "a.so");
	tempdir_write(path, "first", 5);
	first = scan_again(NULL, *state, SCAN_ALL);
	describe(first, registry_at(first, 0), "one", "EDIT", "local");
	tempdir_write(path, "second", 6);
	(void)poll(NULL, 0, REGISTRY_SETTLE_MS + 20);
	second = scan_again(first, *state, SCAN_SETTLED);
	file = registry_at(second, 0);
	assert_int_equal(file->state, PLUGIN_FOUND);
	registry_set_failed(second, file, PLUGIN_CRASHED, "it fell");
	assert_int_equal(file->state, PLUGIN_CRASHED);
	assert_non_null(strstr(file->reason, "serves on"));
	assert_ptr_equal(plugin_file_serving(file), registry_at(first, 0)->version);
	assert_int_equal(registry_find_mode(second, "EDIT", NULL, &err, &file, NULL), 0);
	/* its copy is what the file was */
	assert_int_equal(pread(plugin_file_serving(file)->fd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "first");
	assert_int_equal(pwrite(plugin_file_serving(file)->fd, "x", 1, 0), -1);
	registry_destroy(first);

	third = scan_again(second, *state, SCAN_SETTLED);
	assert_true(registry_same(second, third));
	registry_destroy(second);
	describe(third, registry_at(third, 0), "one", "EDIT", "local");
	assert_null(registry_at(third, 0)->kept);
	assert_int_equal(registry_at(third, 0)->state, PLUGIN_READY);
	registry_destroy(third);
}

static void crashes_on_different_tasks_end_in_quarantine(void **state)
{
	struct plugin_version *version;
	struct registry *registry;
	struct registry *next;
	char task[16];

	touch(*state, "a.so");
	registry = scan_again(NULL, *state, SCAN_ALL);
	describe(registry, registry_at(registry, 0), "one", "EDIT", "local");
	version = registry_at(registry, 0)->version;
	for (int i = 0; i < 20; i++) {
		assert_false(version_crashed(version, "always the same"));
	}
	version_answered(version);
	for (int i = 1; i <= LIMIT_PLUGIN_CRASHES; i++) {
		(void)snprintf(task, sizeof(task), "task %d", i);
		assert_int_equal(version_crashed(version, task), i == LIMIT_PLUGIN_CRASHES);
	}
	next = scan_again(registry, *state, SCAN_ALL);
	assert_int_equal(registry_at(next, 0)->state, PLUGIN_QUARANTINED);
	assert_non_null(strstr(registry_at(next, 0)->reason, task));
	registry_destroy(next);
	version_absolve(version);
	next = scan_again(registry, *state, SCAN_SETTLED);
	assert_int_equal(registry_at(next, 0)->state, PLUGIN_READY);
	registry_destroy(next);
	registry_destroy(registry);
}

/* Refused with a sentence that names the path and its mode bits. */
static void expect_refused(const char *folder, const char *path, const char *bits)
{
	struct registry *registry = scan_again(NULL, folder, SCAN_ALL);
	struct plugin_file *file = registry_at(registry, 0);

	assert_int_equal(file->state, PLUGIN_REFUSED);
	assert_non_null(strstr(file->reason, path));
	assert_non_null(strstr(file->reason, bits));
	registry_destroy(registry);
}

static void only_owners_may_drop(void **state)
{
	struct registry *registry;
	char folder[256];
	char file[256];
	char links[256];
	char link[256];

	tempdir_path(folder, *state, "plugins");
	assert_int_equal(mkdir(folder, 0755), 0);
	touch(folder, "a.so");
	tempdir_path(file, folder, "a.so");
	registry = scan_again(NULL, folder, SCAN_ALL);
	assert_int_equal(registry_at(registry, 0)->state, PLUGIN_FOUND);
	registry_destroy(registry);

	assert_int_equal(chmod(file, 0664), 0);
	expect_refused(folder, file, "0664");
	assert_int_equal(chmod(file, 0646), 0);
	expect_refused(folder, file, "0646");
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	expect_refused(folder, folder, "0777");
	/* anybody may put a file there, if only with his own name on it */
	assert_int_equal(chmod(folder, 01777), 0);
	expect_refused(folder, folder, "1777");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(*state, 0777), 0);
	expect_refused(folder, *state, "0777");
	/* nobody can rename what is not his in a sticky folder above, as /tmp is one */
	assert_int_equal(chmod(*state, 01777), 0);
	registry = scan_again(NULL, folder, SCAN_ALL);
	assert_int_equal(registry_at(registry, 0)->state, PLUGIN_FOUND);
	registry_destroy(registry);
	assert_int_equal(chmod(*state, 0755), 0);

	/* a link is what it points to */
	tempdir_path(links, *state, "links");
	assert_int_equal(mkdir(links, 0755), 0);
	tempdir_path(link, links, "b.so");
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(chmod(folder, 0775), 0);
	expect_refused(links, folder, "0775");
	assert_int_equal(chmod(folder, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(file, 12345, 12345), 0);
		expect_refused(folder, file, "uid 12345");
	}
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
		cmocka_unit_test_setup_teardown(
			what_is_unchanged_is_known, tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(
			what_was_just_written_waits, tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(
			a_bad_replacement_leaves_the_old_one, tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(crashes_on_different_tasks_end_in_quarantine,
			tempdir_setup, tempdir_teardown),
		cmocka_unit_test_setup_teardown(
			only_owners_may_drop, tempdir_setup, tempdir_teardown),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
