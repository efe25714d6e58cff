#include "lib/test.h"

#include <fcntl.h>
#include <json-c/json_object.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "executor_case.h"
#include "formy/plugin.h"
#include "image/sniff.h"
#include "pixels/pixels.h"

#define GOOD(name) GOOD_PLUGINS "/" name ".so"
#define BAD(name) BAD_PLUGINS "/" name ".so"
#define TEMPLATE PLUGINS "/template.so"

static struct executor_case run;

/* A descriptor of a picture of one colour, or of a text that is none. */
static int make_picture(uint32_t width, uint32_t height, enum image_type type)
{
	static uint8_t data[64 * 64 * 3];
	const struct pixels pixels = {
		.channels = 3, .width = width, .height = height, .stride = width * 3, .data = data};
	const struct pixels_encoding how = {.type = type};
	struct buf file = {0};
	int fd = memfd_create("picture", MFD_CLOEXEC);

	memset(data, 100, sizeof(data));
	assert_true(fd >= 0);
	if (type) {
		assert_int_equal(pixels_encode(&pixels, &how, NULL, &file), 0);
	} else {
		buf_add_text(&file, "not a picture");
	}
	assert_int_equal(fs_write_all(fd, file.data, file.len), 0);
	buf_finish(&file);
	return fd;
}

static void read_result(const char *name, struct pixels *ret_pixels)
{
	const struct pixels_limits limits = {0};
	struct err err = {0};
	char path[512];
	int fd;

	assert_int_equal(fs_join(path, sizeof(path), run.scratch, name), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pixels_decode_fd(fd, &limits, &err, ret_pixels), 0);
	fs_close(fd);
}

static void noop_runs(void **state)
{
	(void)state;
	executor_open(&run, "NOOP", GOOD("noop"));
	assert_string_equal(run.msg.ready.plugin_version, "1");
	assert_null(run.msg.ready.engine_version);
	for (int i = 0; i < 100; i++) {
		executor_job(&run, "{}", "", NULL, 0);
		executor_expect(&run, FORMY_OK);
		assert_string_equal(run.msg.outcome.metadata, "{}");
		assert_null(run.msg.outcome.output);
	}
	executor_close(&run);
}

static void a_picture_is_made(void **state)
{
	struct json_object *metadata = NULL;
	struct pixels pixels = {0};
	int64_t number = 0;
	const char *format = NULL;
	int fd = make_picture(40, 20, IMAGE_PNG);

	(void)state;
	executor_open(&run, "TINT", TEMPLATE);
	executor_job(&run, "{\"color\": \"#ff0000\", \"strength\": 0.5}", "source", &fd, 1);
	executor_expect(&run, FORMY_OK);
	assert_true(run.progresses >= 1);
	assert_string_equal(run.msg.outcome.output, "output-1.png");
	assert_int_equal(json_parse(run.msg.outcome.metadata, strlen(run.msg.outcome.metadata),
				 4096, NULL, &metadata),
		0);
	assert_int_equal(json_get_int(metadata, "width", &number), 0);
	assert_int_equal(number, 40);
	assert_int_equal(json_get_int(metadata, "height", &number), 0);
	assert_int_equal(number, 20);
	assert_int_equal(json_get_string(metadata, "format", &format), 0);
	assert_string_equal(format, "PNG");
	json_object_put(metadata);
	read_result(run.msg.outcome.output, &pixels);
	assert_int_equal(pixels.width, 40);
	assert_int_equal(pixels.data[0], 178);
	assert_int_equal(pixels.data[1], 50);
	pixels_finish(&pixels);
	read_result(run.msg.outcome.thumbnail, &pixels);
	assert_int_equal(pixels.width, 40);
	pixels_finish(&pixels);
	read_result(run.msg.outcome.comparison, &pixels);
	assert_true(pixels.width >= 80);
	pixels_finish(&pixels);

	fd = make_picture(40, 20, IMAGE_JPEG);
	executor_job(&run, "{\"color\": \"#ff0000\", \"strength\": 0.5}", "source", &fd, 1);
	executor_expect(&run, FORMY_OK);
	assert_string_equal(run.msg.outcome.output, "output-2.jpg");
	executor_close(&run);
}

static void bad_pictures_are_named(void **state)
{
	int fd = make_picture(0, 0, 0);

	(void)state;
	executor_open(&run, "TINT", TEMPLATE);
	executor_job(&run, "{\"color\": \"#ff0000\", \"strength\": 0.5}", "source", &fd, 1);
	executor_expect(&run, FORMY_E_INPUT);
	assert_string_equal(run.msg.outcome.code, "IMAGE_FORMAT_INVALID");
	assert_non_null(strstr(run.msg.outcome.message, "source"));

	executor_job(&run, "{\"color\": \"#ff0000\", \"strength\": 0.5}", "", NULL, 0);
	executor_expect(&run, FORMY_E_MISSING);
	executor_close(&run);
}

static void a_job_stops_when_told(void **state)
{
	(void)state;
	executor_open(&run, "SLOW", GOOD("slow"));
	executor_job(&run, "{\"ms\": 60000, \"deaf\": false}", "", NULL, 0);
	control_stop(run.control, 1, CONTROL_CANCELLED);
	executor_expect(&run, FORMY_E_CANCELLED);

	/* the word for one job is none for the next */
	executor_job(&run, "{\"ms\": 300, \"deaf\": false}", "", NULL, 0);
	executor_expect(&run, FORMY_OK);
	assert_in_range(run.progresses, 1, 5);
	executor_close(&run);
}

static void failures_keep_their_words(void **state)
{
	(void)state;
	executor_open(&run, "FAIL", GOOD("fail"));
	executor_job(&run,
		"{\"status\": -202, \"times\": 5, \"code\": \"ENGINE_TIMEOUT\", "
		"\"message\": \"Too slow.\"}",
		"", NULL, 0);
	executor_expect(&run, FORMY_E_TIMEOUT);
	assert_string_equal(run.msg.outcome.code, "ENGINE_TIMEOUT");
	assert_string_equal(run.msg.outcome.message, "Too slow.");
	assert_string_equal(run.msg.outcome.details, "by the test's wish");

	/* and are not those of the next job */
	executor_job(&run, "{\"status\": -202, \"times\": 5}", "", NULL, 0);
	executor_expect(&run, FORMY_E_TIMEOUT);
	assert_null(run.msg.outcome.code);
	assert_null(run.msg.outcome.message);
	executor_close(&run);
}

/* Has the engine do an operation on a picture, in an executor that is open. */
static void call(const char *operation, int64_t status)
{
	int fd = make_picture(8, 8, IMAGE_JPEG);
	char config[64];

	(void)snprintf(config, sizeof(config), "{\"operation\": \"%s\"}", operation);
	executor_job(&run, config, "source", &fd, 1);
	executor_expect(&run, status);
}

static void engines_are_called(void **state)
{
	struct pixels pixels = {0};

	(void)state;
	executor_start(&run, NULL);
	executor_setup(&run, "CALL", GOOD("caller"), "caller", GOOD("caller"));
	assert_int_equal(executor_receive(&run), MSG_READY);
	assert_string_equal(run.msg.ready.engine_version, "1");

	call("PAINT", FORMY_OK);
	assert_non_null(strstr(run.msg.outcome.metadata, "\"width\":4,\"mine\":true"));
	assert_non_null(
		strstr(run.msg.outcome.metadata, "\"engine\":{\"seed\":42,\"name\":\"test\"}"));
	/* the engine's 500 lies halfway from 200 to 400 */
	assert_int_equal(run.first_permille, 300);
	assert_int_equal(run.part, MSG_PART_MODE);
	read_result(run.msg.outcome.output, &pixels);
	assert_int_equal(pixels.data[0], 100);
	pixels_finish(&pixels);

	call("RECODE", FORMY_OK);
	read_result(run.msg.outcome.output, &pixels);
	assert_int_equal(pixels.width, 8);
	pixels_finish(&pixels);

	call("RUBBISH", FORMY_E_ENGINE);
	assert_string_equal(run.msg.outcome.code, "ENGINE_RESPONSE_ERROR");
	call("NEST", FORMY_E_UNSUPPORTED);
	call("FAIL", FORMY_E_TIMEOUT);
	assert_string_equal(run.msg.outcome.code, "ENGINE_TIMEOUT");
	assert_string_equal(run.msg.outcome.message, "The server is slow.");
	call("NO_SUCH", FORMY_E_UNSUPPORTED);
	assert_string_equal(run.msg.outcome.code, "ENGINE_NOT_AVAILABLE");
	assert_non_null(strstr(run.msg.outcome.message, "NO_SUCH"));
	executor_close(&run);

	executor_open(&run, "CALL", GOOD("caller"));
	call("PAINT", FORMY_E_UNSUPPORTED);
	assert_non_null(strstr(run.msg.outcome.message, "has no engine"));
	executor_close(&run);
}

static void the_process_holds_nothing_of_the_worker(void **state)
{
	int inherited = open("/dev/null", O_RDONLY); /* not close-on-exec: as a careless parent */

	(void)state;
	assert_true(inherited >= 0);
	assert_int_equal(fcntl(inherited, F_DUPFD, 20), 20);
	assert_int_equal(setenv("FORMY_TEST_SECRET", "1", 1), 0);
	executor_open(&run, "LOOK", GOOD("look"));
	executor_job(&run, "{}", "", NULL, 0);
	executor_expect(&run, FORMY_OK);
	assert_string_equal(run.msg.outcome.metadata,
		"{\"secret\":0,\"path\":1,\"descriptors\":0,\"new_privileges\":0,\"core\":0,"
		"\"session\":1,\"folder\":\"/\",\"input\":0}");
	executor_close(&run);
	assert_int_equal(unsetenv("FORMY_TEST_SECRET"), 0);
	fs_close(inherited);
	fs_close(20);
}

/* Runs one job of a bad plugin, which answers it. */
static void run_bad(const char *plugin, int64_t status)
{
	executor_open(&run, "BAD", plugin);
	executor_job(&run, "{}", "", NULL, 0);
	executor_expect(&run, status);
}

static void wrong_answers_are_bugs(void **state)
{
	static const char *const plugins[] = {BAD("ok_without_result"), BAD("no_status"),
		BAD("false_cancel"), BAD("bad_picture"), BAD("wrong_thread")};

	(void)state;
	for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++) {
		run_bad(plugins[i], FORMY_E_INTERNAL);
		if (!strstr(plugins[i], "wrong_thread")) {
			assert_string_equal(run.msg.outcome.code, "INTERNAL_ERROR");
			assert_non_null(run.msg.outcome.message);
		} else {
			assert_non_null(strstr(run.log, "thread"));
		}
		executor_close(&run);
	}
}

static void floods_are_held_back(void **state)
{
	(void)state;
	run_bad(BAD("progress_flood"), FORMY_OK);
	assert_in_range(run.progresses, 1, 200);
	executor_close(&run);

	run_bad(BAD("prints_much"), FORMY_E_ENGINE);
	assert_in_range(run.logs, 100, 1001);
	assert_string_equal(run.msg.outcome.code, "?");
	assert_string_equal(run.msg.outcome.message, "broken ?( words");
	executor_close(&run);

	run_bad(BAD("memory_hog"), FORMY_E_NOMEM);
	executor_close(&run);
}

/* Whether the process ends the channel within a moment. */
static bool has_hung_up(void)
{
	struct pollfd ended = {.fd = run.channel};

	return poll(&ended, 1, 200) == 1 && (ended.revents & POLLHUP);
}

static void leaked_descriptors_end_the_process(void **state)
{
	int jobs = 0;
	int status;

	(void)state;
	executor_open(&run, "BAD", BAD("fd_leak"));
	do {
		executor_job(&run, "{}", "", NULL, 0);
		executor_expect(&run, FORMY_OK);
		assert_true(++jobs < 110);
	} while (jobs < 90 || !has_hung_up());
	assert_non_null(strstr(run.log, "descriptors"));
	status = executor_wait(&run);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	executor_finish(&run);
}

static void crashes_end_the_process(void **state)
{
	int status;

	(void)state;
	executor_open(&run, "BAD", BAD("segv_in_run"));
	executor_job(&run, "{}", "", NULL, 0);
	assert_int_equal(executor_receive(&run), 0);
	status = executor_wait(&run);
	/* a sanitizer turns the signal into an exit */
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) != 0);
	executor_finish(&run);

	executor_open(&run, "BAD", BAD("exit_in_run"));
	executor_job(&run, "{}", "", NULL, 0);
	assert_int_equal(executor_receive(&run), 0);
	/* killed in a sanitizer's last look it would leave a process of that behind */
	(void)executor_wait(&run);
	executor_finish(&run);

	executor_open(&run, "BAD", BAD("never_returns"));
	executor_job(&run, "{}", "", NULL, 0);
	executor_finish(&run);
}

static void what_cannot_open_is_refused(void **state)
{
	(void)state;
	executor_start(&run, NULL);
	executor_setup(&run, "BAD", BAD("open_fails"), NULL, NULL);
	assert_int_equal(executor_receive(&run), MSG_REFUSED);
	assert_string_equal(run.msg.refused.code, "PIPELINE_INIT_FAILED");
	assert_non_null(strstr(run.msg.refused.message, "the data files are not there"));
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 69);
	executor_finish(&run);

	executor_start(&run, NULL);
	executor_setup(&run, "OTHER", GOOD("noop"), NULL, NULL);
	assert_int_equal(executor_receive(&run), MSG_REFUSED);
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 69);
	executor_finish(&run);

	executor_start(&run, NULL);
	executor_setup(&run, "NOOP", GOOD("noop"), "local", BAD("not_elf"));
	assert_int_equal(executor_receive(&run), MSG_REFUSED);
	assert_string_equal(run.msg.refused.code, "ENGINE_NOT_AVAILABLE");
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 69);
	executor_finish(&run);
}

static void garbage_ends_the_process(void **state)
{
	const char garbage[] = "this is no frame";
	struct msg ready = {.type = MSG_READY, .ready = {.protocol = MSG_PROTOCOL}};
	int fd = make_picture(4, 4, IMAGE_PNG);

	(void)state;
	executor_start(&run, NULL);
	assert_int_equal(send(run.channel, garbage, sizeof(garbage), 0), sizeof(garbage));
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 76);
	executor_finish(&run);

	executor_open(&run, "NOOP", GOOD("noop"));
	executor_send(&run, &ready, NULL, 0);
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 76);
	executor_finish(&run);

	/* a picture without a role */
	executor_open(&run, "NOOP", GOOD("noop"));
	executor_job(&run, "{}", "", &fd, 1);
	assert_int_equal(WEXITSTATUS(executor_wait(&run)), 76);
	executor_finish(&run);
}

static void the_end_of_the_channel_is_the_end(void **state)
{
	(void)state;
	executor_start(&run, NULL);
	executor_close(&run);
}

static void probes_tell_what_files_are(void **state)
{
	static const struct {
		const char *file;
		const char *state;
		const char *word;
	} cases[] = {
		{GOOD("noop"), NULL, "\"NOOP\""},
		{TEMPLATE, NULL, "\"TINT\""},
		{BAD("not_elf"), "cannot-load", "shared library"},
		{BAD("missing"), "cannot-load", "No such file"},
		{BAD_PLUGINS, "cannot-load", "regular file"},
		{BAD("no_entry"), "refused", FORMY_PLUGIN_ENTRY_NAME},
		{BAD("null_entry"), "refused", "NULL"},
		{BAD("other_major"), "refused", "ABI 9, this worker has ABI"},
		{BAD("too_new"), "refused", "this worker has ABI"},
		{BAD("short_struct"), "refused", "sizeof(formy_plugin)"},
		{BAD("bad_params_json"), "refused", "mode BAD: its params"},
		{BAD("bad_param_type"), "refused", "edge_blur"},
		{BAD("bad_mode_name"), "refused", "bad mode"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *words;

		executor_start(&run, cases[i].file);
		assert_int_equal(executor_receive(&run), MSG_PROBED);
		words = cases[i].state ? run.msg.probed.reason : run.msg.probed.descriptor;
		assert_non_null(words);
		if (cases[i].state) {
			assert_string_equal(run.msg.probed.state, cases[i].state);
			assert_null(run.msg.probed.descriptor);
		}
		if (!strstr(words, cases[i].word)) {
			fail_msg("%s: %s", cases[i].file, words);
		}
		assert_int_equal(WEXITSTATUS(executor_wait(&run)), cases[i].state ? 1 : 0);
		executor_finish(&run);
	}
}

static void probes_that_end_badly_say_nothing(void **state)
{
	(void)state;
	executor_start(&run, BAD("ctor_abort"));
	assert_int_equal(executor_receive(&run), 0);
	assert_true(WIFSIGNALED(executor_wait(&run)));
	executor_finish(&run);
	executor_start(&run, BAD("hang_in_probe"));
	executor_finish(&run);
}

static int start_pixels(void **state)
{
	(void)state;
	return pixels_init(1, NULL, NULL);
}

static int stop_pixels(void **state)
{
	(void)state;
	pixels_shutdown();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noop_runs),
		cmocka_unit_test(a_picture_is_made),
		cmocka_unit_test(bad_pictures_are_named),
		cmocka_unit_test(a_job_stops_when_told),
		cmocka_unit_test(failures_keep_their_words),
		cmocka_unit_test(engines_are_called),
		cmocka_unit_test(the_process_holds_nothing_of_the_worker),
		cmocka_unit_test(wrong_answers_are_bugs),
		cmocka_unit_test(floods_are_held_back),
		cmocka_unit_test(leaked_descriptors_end_the_process),
		cmocka_unit_test(crashes_end_the_process),
		cmocka_unit_test(what_cannot_open_is_refused),
		cmocka_unit_test(garbage_ends_the_process),
		cmocka_unit_test(the_end_of_the_channel_is_the_end),
		cmocka_unit_test(probes_tell_what_files_are),
		cmocka_unit_test(probes_that_end_badly_say_nothing),
	};

	return cmocka_run_group_tests(tests, start_pixels, stop_pixels);
}
