/* That a cancelled task, and one whose time is over, ends any wait of the engines' HTTP library
 * within 200 ms, in every stage of an exchange; and what each stage says of an exchange that ended
 * so, as what may have been accepted is never sent again. */
#include "lib/test.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"
#include "http/setting.h"

#define AFTER_MS 300  /* from the beginning of a wait to its cancel or deadline */
#define WITHIN_MS 200 /* that it may take from there to the end */
#define FOREVER_MS 60000

enum server { SILENT, TRICKLING };

/* The task: what the library asks of its host. */
static uint64_t cancel_ms;
static uint64_t deadline_ms;
static atomic_int resolving;

static int32_t cancelled(formy_task *task)
{
	(void)task;
	return clock_mono_ms() >= cancel_ms;
}

static uint32_t time_left_ms(formy_task *task)
{
	uint64_t now = clock_mono_ms();

	(void)task;
	return now >= deadline_ms ? 0 : (uint32_t)(deadline_ms - now);
}

static const formy_host host = {
	.size = sizeof(host), .cancelled = cancelled, .time_left_ms = time_left_ms};

/* Takes the place of libc's, for libcurl too: one name is unknown, one takes long. */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list)
{
	(void)service, (void)hints, (void)ret_list;
	if (strcmp(name, "slow.test") == 0) {
		resolving++;
		(void)poll(NULL, 0, 5 * AFTER_MS);
		resolving--;
	}
	return EAI_NONAME;
}

static uint64_t patience(void)
{
	const char *text = getenv("FORMY_TEST_PATIENCE");
	double factor = text ? strtod(text, NULL) : 1;

	return (uint64_t)(factor > 1 ? factor * WITHIN_MS : WITHIN_MS);
}

static int listen_on(unsigned *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Answers one request, a byte now and then, until nobody listens. */
static void *trickle(void *arg)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
	int listener = *(const int *)arg;
	int fd = accept(listener, NULL, NULL);

	if (fd >= 0 && send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) > 0) {
		while (send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
			(void)poll(NULL, 0, 20);
		}
	}
	close(fd);
	return NULL;
}

static const struct {
	const char *what;
	const char *address; /* of a server; its port follows */
	size_t upload;       /* bytes that are sent */
	enum server server;
	enum http_end end; /* when its own deadline ends it */
} stages[] = {
	{"resolving", "http://slow.test", 0, SILENT, HTTP_NOT_SENT},
	/* the kernel takes the connection, nobody answers to TLS */
	{"connecting", "https://127.0.0.1", 0, SILENT, HTTP_NOT_SENT},
	{"uploading", "http://127.0.0.1", 64 << 20, SILENT, HTTP_NOT_SENT},
	{"waiting", "http://127.0.0.1", 1, SILENT, HTTP_UNKNOWN},
	{"downloading", "http://127.0.0.1", 0, TRICKLING, HTTP_UNKNOWN},
};

#define STAGES (sizeof(stages) / sizeof(stages[0]))

static uint64_t apart(uint64_t first, uint64_t second)
{
	return first > second ? first - second : second - first;
}

/* One exchange with a server that never ends it. The time from `end_ms` to its end. */
static uint64_t exchange(struct http *http, size_t stage, uint32_t most_ms, uint64_t end_ms,
	struct http_answer *answer)
{
	unsigned port;
	int listener = listen_on(&port);
	pthread_t thread;
	char url[64];
	struct http_part part = {.name = "x", .len = stages[stage].upload};
	struct http_request request = {
		.url = url, .stage = HTTP_SUBMIT, .max_bytes = 1 << 20, .most_ms = most_ms};
	uint64_t late;

	(void)snprintf(url, sizeof(url), "%s:%u/", stages[stage].address, port);
	if (stages[stage].server == TRICKLING) {
		assert_int_equal(pthread_create(&thread, NULL, trickle, &listener), 0);
	}
	if (part.len > 0) {
		part.data = calloc(1, part.len);
		assert_non_null(part.data);
		request.parts = &part;
		request.part_count = 1;
	}
	http_send(http, &request, answer);
	late = apart(clock_mono_ms(), end_ms);
	free((void *)(uintptr_t)part.data);
	if (stages[stage].server == TRICKLING) {
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	close(listener);
	return late;
}

enum by { BY_CANCEL, BY_DEADLINE, BY_STAGE, WAYS };

static uint64_t measure(struct http *http, size_t stage, enum by by)
{
	struct http_answer answer = {.retry_after_s = -1};
	uint64_t end_ms = clock_mono_ms() + AFTER_MS;
	uint64_t late;

	cancel_ms = by == BY_CANCEL ? end_ms : end_ms + FOREVER_MS;
	deadline_ms = by == BY_DEADLINE ? end_ms : end_ms + FOREVER_MS;
	late = exchange(http, stage, by == BY_STAGE ? AFTER_MS : 0, end_ms, &answer);
	assert_int_equal(answer.end,
		by == BY_CANCEL             ? HTTP_STOPPED
			: by == BY_DEADLINE ? HTTP_LATE
					    : stages[stage].end);
	assert_true(by == BY_CANCEL || answer.late);
	http_answer_finish(&answer);
	return late;
}

static void test_every_wait_ends(void **state)
{
	for (size_t i = 0; i < STAGES; i++) {
		uint64_t late[WAYS];

		for (enum by by = BY_CANCEL; by < WAYS; by++) {
			/* a busy machine may be late once; what is always late is a mistake */
			for (int try = 0; try < 3; try++) {
				late[by] = measure(*state, i, by);
				if (late[by] < patience()) {
					break;
				}
			}
			assert_true(late[by] < patience());
		}
		print_message("%-12s cancel %3u ms, deadline %3u ms, stage %3u ms\n",
			stages[i].what, (unsigned)late[BY_CANCEL], (unsigned)late[BY_DEADLINE],
			(unsigned)late[BY_STAGE]);
	}
}

static void test_a_pause_ends(void **state)
{
	struct http *http = *state;

	cancel_ms = clock_mono_ms() + AFTER_MS;
	deadline_ms = cancel_ms + FOREVER_MS;
	assert_false(http_wait(http, FOREVER_MS));
	assert_true(clock_mono_ms() - cancel_ms < patience());
	assert_int_equal(http_should_stop(http), HTTP_STOPPED);

	deadline_ms = clock_mono_ms() + AFTER_MS;
	cancel_ms = deadline_ms + FOREVER_MS;
	assert_false(http_wait(http, FOREVER_MS));
	assert_true(clock_mono_ms() - deadline_ms < patience());
	assert_int_equal(http_should_stop(http), HTTP_LATE);
	assert_true(http_wait(http, 0) == false);
}

/* What is surely not there: nothing of it was sent. */
static void test_what_cannot_be_reached(void **state)
{
	static const char *const names[] = {"http://nowhere.test/", "http://127.0.0.1:1/"};
	struct http *http = *state;
	struct http_answer answer = {.retry_after_s = -1};

	cancel_ms = deadline_ms = clock_mono_ms() + FOREVER_MS;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct http_request request = {
			.url = names[i], .stage = HTTP_SUBMIT, .json = "{}", .max_bytes = 100};

		http_send(http, &request, &answer);
		assert_int_equal(answer.end, HTTP_NOT_SENT);
		assert_false(answer.late);
		assert_true(answer.words[0]);
	}
	http_answer_finish(&answer);
}

static struct http_setting setting;

static int set_up(void **state)
{
	struct http *http = NULL;
	struct err err = {""};

	if (setting_read(&setting, "{}", &err) < 0 || http_create(&setting, &err, &http) < 0) {
		return -1;
	}
	http_begin(http, &host, (formy_task *)&setting);
	*state = http;
	return 0;
}

static int tear_down(void **state)
{
	http_destroy(*state);
	setting_finish(&setting);
	/* libcurl lets go of a thread that still resolves; it ends before its memory is looked at */
	while (resolving > 0) {
		(void)poll(NULL, 0, 10);
	}
	(void)poll(NULL, 0, 200);
	return 0;
}

int main(void)
{
	/* the one without a time first: it warms the library up */
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_cannot_be_reached),
		cmocka_unit_test(test_every_wait_ends), cmocka_unit_test(test_a_pause_ends)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
