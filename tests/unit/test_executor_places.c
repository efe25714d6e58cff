/* Places are shared by processes, and come back from those that die. */
#include "executor/places.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "lib/test.h"

#define SERVER "http://gpu1:8188"
#define OTHER "http://gpu2:8188"

/* Another process, told what to do a word at a time: 't'ake and 'g'ive a place of SERVER, 'c'ount, 'q'uit. */
struct other {
	pid_t pid;
	int ask;
	int answers;
};

static void work(int fd, int ask, int answers)
{
	struct places places = {.fd = fd};
	char word;

	(void)alarm(60);
	while (read(ask, &word, 1) == 1 && word != 'q') {
		unsigned char answer = 0;

		if (word == 't') {
			answer = (unsigned char)place_take(&places, SERVER, 2);
		} else if (word == 'g') {
			place_give(&places, SERVER);
		} else if (word == 'a') {
			place_give_all(&places);
		} else {
			answer = (unsigned char)place_count(&places, SERVER);
		}
		if (write(answers, &answer, 1) != 1) {
			_exit(1);
		}
	}
	_exit(0);
}

static void start(struct other *other, int fd)
{
	int to[2];
	int from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	other->pid = fork();
	assert_true(other->pid >= 0);
	if (other->pid == 0) {
		fs_close(to[1]);
		fs_close(from[0]);
		work(fd, to[0], from[1]);
	}
	fs_close(to[0]);
	fs_close(from[1]);
	other->ask = to[1];
	other->answers = from[0];
}

static int tell(struct other *other, char word)
{
	unsigned char answer = 255;

	assert_int_equal(write(other->ask, &word, 1), 1);
	assert_int_equal(read(other->answers, &answer, 1), 1);
	return answer;
}

static void end(struct other *other, int signal)
{
	int status;

	if (signal) {
		assert_int_equal(kill(other->pid, signal), 0);
	} else {
		assert_int_equal(write(other->ask, "q", 1), 1);
	}
	fs_close(other->ask);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_true(signal ? WIFSIGNALED(status) : status == 0);
	fs_close(other->answers);
}

static int make_file(void)
{
	int fd = memfd_create("places", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void one_process_has_each_once(void **state)
{
	struct places places = {.fd = make_file()};

	(void)state;
	assert_int_equal(place_count(&places, SERVER), 0);
	assert_int_equal(place_take(&places, SERVER, 0), 0);
	assert_int_equal(place_take(&places, SERVER, 1), 1);
	/* asked again, it has it still, and takes no second one */
	assert_int_equal(place_take(&places, SERVER, 2), 1);
	assert_int_equal(place_count(&places, SERVER), 1);
	assert_int_equal(place_count(&places, OTHER), 0);
	assert_int_equal(place_take(&places, OTHER, 1), 1);
	place_give(&places, SERVER);
	place_give(&places, SERVER);
	assert_int_equal(place_count(&places, SERVER), 0);
	assert_int_equal(place_count(&places, OTHER), 1);
	place_give_all(&places);
	assert_int_equal(place_count(&places, OTHER), 0);
	fs_close(places.fd);
}

static void processes_share_them(void **state)
{
	struct places places = {.fd = make_file()};
	struct other first;
	struct other second;

	(void)state;
	start(&first, places.fd);
	start(&second, places.fd);
	assert_int_equal(place_take(&places, SERVER, 2), 1);
	assert_int_equal(tell(&first, 't'), 1);
	assert_int_equal(tell(&second, 't'), 0);
	assert_int_equal(tell(&second, 'c'), 2);
	assert_int_equal(place_count(&places, SERVER), 2);
	assert_int_equal(place_take(&places, OTHER, 1), 1);
	assert_int_equal(tell(&first, 'g'), 0);
	assert_int_equal(tell(&second, 't'), 1);
	assert_int_equal(tell(&first, 't'), 0);
	/* the end of a task gives all of them back */
	assert_int_equal(tell(&second, 'a'), 0);
	assert_int_equal(tell(&first, 't'), 1);
	/* a process that dies gives back what it had, and only that */
	end(&first, SIGKILL);
	assert_int_equal(tell(&second, 'c'), 1);
	assert_int_equal(tell(&second, 't'), 1);
	end(&second, 0);
	assert_int_equal(place_count(&places, SERVER), 1);
	assert_int_equal(place_count(&places, OTHER), 1);
	place_give_all(&places);
	assert_int_equal(place_count(&places, SERVER), 0);
	fs_close(places.fd);
}

/* As many as a resource can have, by as many processes as it takes; and more resources than fit. */
static void limits_hold(void **state)
{
	struct places places = {.fd = make_file()};
	struct other others[3];
	char name[32];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start(&others[i], places.fd);
	}
	assert_int_equal(tell(&others[0], 't'), 1);
	assert_int_equal(tell(&others[1], 't'), 1);
	assert_int_equal(tell(&others[2], 't'), 0);
	/* a higher limit finds the next one; beyond the most there is, it counts as that */
	assert_int_equal(place_take(&places, SERVER, LIMIT_PLACES + 7), 1);
	assert_int_equal(place_count(&places, SERVER), 3);
	for (size_t i = 0; i < 3; i++) {
		end(&others[i], 0);
	}
	assert_int_equal(place_count(&places, SERVER), 1);
	for (int i = 1; i < PLACES_HELD; i++) {
		(void)snprintf(name, sizeof(name), "resource-%d", i);
		assert_int_equal(place_take(&places, name, 1), 1);
	}
	assert_int_equal(place_take(&places, "one too many", 1), 0);
	place_give(&places, SERVER);
	assert_int_equal(place_take(&places, "one too many", 1), 1);
	place_give_all(&places);
	fs_close(places.fd);
}

static void without_a_file_all_are_free(void **state)
{
	struct places places = {.fd = -1};

	(void)state;
	assert_int_equal(place_take(&places, SERVER, 1), 1);
	assert_int_equal(place_count(&places, SERVER), 1);
	place_give(&places, SERVER);
	assert_int_equal(place_count(&places, SERVER), 0);
	assert_int_equal(place_take(&places, SERVER, 0), 0);
	place_give_all(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_has_each_once),
		cmocka_unit_test(processes_share_them),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(without_a_file_all_are_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
