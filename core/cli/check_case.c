#include "cli/check_case.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/sandbox.h"
#include "cli/check_judge.h"
#include "cli/executor.h"
#include "formy/plugin.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/inspect.h"
#include "wire/msg.h"

#define OPEN_MS 60000
#define STOP_MS 2000  /* plugin.h promises a kill after it */
#define STOP_WAITS 10 /* times as long beside, while a busy machine lets it do nothing */
#define END_MS 5000
#define DURING_MS 20
#define VALGRIND_SLOWER 20
#if defined(__SANITIZE_ADDRESS__)
#define CHECKED_SLOWER 8 /* a build that looks at each access */
#else
#define CHECKED_SLOWER 1
#endif
#define VALGRIND_FOUND 9

static uint64_t patient(const struct check_case *one, uint64_t ms)
{
	return ms * (one->target->valgrind ? VALGRIND_SLOWER : CHECKED_SLOWER);
}

static void read_output(struct check_case *one)
{
	char room[4096];
	ssize_t len;

	while ((len = read(one->output, room, sizeof(room))) > 0) {
		for (ssize_t i = 0; i < len; i++) {
			one->lines += room[i] == '\n';
		}
		if (one->target->show_output) {
			(void)!write(STDERR_FILENO, room, (size_t)len);
		}
	}
}

/* What the executor says beside its answers. */
static void take_log(struct check_case *one, const struct msg_log *log)
{
	if (strncmp(log->text, INSPECT_MARK, strlen(INSPECT_MARK)) == 0) {
		check_blame(one, log->text + strlen(INSPECT_MARK));
	} else if (strcmp(log->text, INSPECT_CALLED) == 0) {
		one->called++;
	} else if (strstr(log->text, "the call is refused")) {
		check_blame(one, log->text);
	}
	if (one->target->show_output) {
		(void)fprintf(stderr, "log: %s\n", log->text);
	}
}

static void explain_end(struct check_case *one)
{
	char text[160];
	int status = 0;

	(void)kill(-one->pid, SIGKILL);
	while (waitpid(one->pid, &status, 0) < 0 && errno == EINTR) {
	}
	one->pid = -1;
	if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text), "it crashed: signal %d, %s", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	} else {
		(void)snprintf(text, sizeof(text), "it ended its process with exit code %d",
			WEXITSTATUS(status));
	}
	check_blame(one, text);
}

/* Processor time of the process; UINT64_MAX when that is not known. */
static uint64_t processor_ms(const struct check_case *one)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(one->pid, &clock) != 0 || clock_gettime(clock, &used) < 0) {
		return UINT64_MAX;
	}
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* As a worker does that has Redis: every memo is kept. */
static void keep_memo(const struct check_case *one, const struct msg_memo *memo)
{
	const struct msg kept = {.type = MSG_KEPT, .kept = {.number = memo->number}};
	struct buf packet = {0};

	if (msg_encode(&kept, &packet) == 0) {
		(void)channel_send(one->channel, &packet, NULL, 0);
	}
	buf_finish(&packet);
}

/* The next message that is an answer; texts live in packet. A limit of STOP_MS is one of processor
 * time. 0, -EPIPE when the process is gone, -EPROTO for what is no message, or -ETIMEDOUT. */
static int receive(struct check_case *one, char *packet, uint64_t most_ms, struct msg *ret_msg)
{
	uint64_t deadline = clock_mono_ms() + most_ms;
	uint64_t last =
		most_ms == patient(one, STOP_MS) ? deadline + STOP_MS * STOP_WAITS : deadline;
	uint64_t most_used = processor_ms(one) + most_ms;
	uint64_t now;

	while ((now = clock_mono_ms()) < deadline ||
		(now < last && processor_ms(one) < most_used)) {
		struct pollfd polled[] = {
			{.fd = one->channel, .events = POLLIN},
			{.fd = one->output, .events = POLLIN},
		};
		ssize_t len;

		(void)poll(polled, 2, now < deadline ? (int)(deadline - now) : STOP_MS / 10);
		read_output(one);
		if (polled[1].revents & POLLHUP && !polled[0].revents) {
			return -EPIPE;
		}
		len = channel_receive(
			one->channel, packet, LIMIT_FRAME, MSG_DONTWAIT, NULL, 0, NULL);
		if (len == -EAGAIN) {
			continue;
		}
		if (len <= 0) {
			return len == -EPROTO ? -EPROTO : -EPIPE;
		}
		if (msg_decode(packet, (size_t)len, ret_msg) < 0) {
			return -EPROTO;
		}
		if (ret_msg->type == MSG_LOG) {
			take_log(one, &ret_msg->log);
		} else if (ret_msg->type == MSG_MEMO) {
			keep_memo(one, &ret_msg->memo);
		} else if (ret_msg->type != MSG_PROGRESS && ret_msg->type != MSG_CONFINED) {
			return 0;
		}
	}
	return -ETIMEDOUT;
}

/* Waits for one kind of message; anything else is the plugin's fault. */
static bool await(struct check_case *one, char *packet, uint64_t most_ms, enum msg_type wanted,
	struct msg *ret_msg)
{
	int result = receive(one, packet, most_ms, ret_msg);
	char text[ERR_TEXT_MAX];

	if (result == 0 && ret_msg->type == wanted) {
		return true;
	}
	if (result == 0 && ret_msg->type == MSG_REFUSED) {
		(void)snprintf(text, sizeof(text), "it cannot be opened: %.400s",
			ret_msg->refused.message);
		one->refused = true;
		check_blame(one, text);
	} else if (result == -ETIMEDOUT) {
		(void)snprintf(text, sizeof(text), "it does not end: not within %.1f s",
			(double)most_ms / 1000);
		check_blame(one, text);
	} else if (result == -EPIPE) {
		explain_end(one);
	} else {
		check_blame(one, "it wrote to the worker's channel, which is not its own");
	}
	return false;
}

static bool send_message(
	struct check_case *one, const struct msg *msg, const int *fds, size_t count)
{
	struct buf packet = {0};
	bool sent = msg_encode(msg, &packet) == 0 &&
		channel_send(one->channel, &packet, fds, count) == 0;

	buf_finish(&packet);
	return sent;
}

/* Above those numbers that the executor wants its ends at. */
static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, CONTROL_FD + 1);

	fs_close(fd);
	return moved;
}

static int spawn(struct check_case *one, struct err *err)
{
	const char *const plain[] = {one->target->executor, "--inspect", NULL};
	const char *const slow[] = {"valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
		"--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
		one->target->executor, "--inspect", NULL};
	struct executor_start start = {.argv = one->target->valgrind ? slow : plain};
	int pipes[2] = {-1, -1};
	int ends[2] = {-1, -1};
	int result = channel_pair(ends);

	if (result == 0 && pipe2(pipes, O_CLOEXEC) < 0) {
		result = -errno;
	}
	if (result == 0) {
		result = control_create(&one->control, &one->control_fd);
	}
	if (result == 0) {
		(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
		start.channel = ends[1] = move_up(ends[1]);
		start.control = one->control_fd = move_up(one->control_fd);
		start.output = pipes[1] = move_up(pipes[1]);
		result = executor_spawn(&start, &one->pid);
	}
	fs_close(ends[1]);
	fs_close(pipes[1]);
	one->channel = ends[0];
	one->output = pipes[0];
	return result == 0 ? 0
			   : err_set(err, result, "%s cannot be started: %s", start.argv[0],
				     strerror(-result));
}

bool check_begin(struct check_case *one, const struct check_target *target, const char *mode)
{
	struct msg msg = {.type = MSG_SETUP};
	char *packet = malloc(LIMIT_FRAME);
	bool good = false;

	*one = (struct check_case){
		.target = target, .pid = -1, .channel = -1, .control_fd = -1, .output = -1};
	(void)strcpy(one->scratch, "/tmp/formy-check-XXXXXX");
	if (!packet || !mkdtemp(one->scratch)) {
		one->scratch[0] = '\0';
		check_blame(one, "there is no memory, or no folder in /tmp");
		goto out;
	}
	if (spawn(one, &one->problem) < 0) {
		goto out;
	}
	msg.setup = (struct msg_setup){
		.protocol = MSG_PROTOCOL,
		.mode = mode,
		.mode_config = target->mode_config,
		.plugin_path = target->plugin,
		.engine_name = target->engine ? target->engine_type : NULL,
		.engine_type = target->engine_type,
		.engine_path = target->engine,
		.engine_config = target->engine_config,
		.scratch = one->scratch,
		.max_upload_size = 64 << 20,
		.max_pixels = 50000000,
		.threads = 1,
		.log_level = FORMY_LOG_INFO,
		.sandbox = target->valgrind ? SANDBOX_OFF : SANDBOX_DEFAULT,
		.granted = target->needs,
		.memory = UINT64_C(8) << 30,
	};
	if (!send_message(one, &msg, NULL, 0)) {
		check_blame(one, "its configuration is too large");
		goto out;
	}
	good = await(one, packet, patient(one, OPEN_MS), MSG_READY, &msg);
out:
	free(packet);
	return good;
}

/* Each picture as a file without a name. */
static size_t open_pictures(const struct check_job *job, int *fds, struct buf *roles)
{
	size_t count = 0;

	for (size_t i = 0; i < job->count; i++) {
		int fd = memfd_create("picture", MFD_CLOEXEC);

		if (fd < 0 || fs_write_all(fd, job->pictures[i].data, job->pictures[i].len) < 0) {
			fs_close(fd);
			continue;
		}
		(void)lseek(fd, 0, SEEK_SET);
		buf_printf(roles, "%s%s", count > 0 ? "," : "", job->pictures[i].role);
		fds[count++] = fd;
	}
	return count;
}

bool check_run(struct check_case *one, const struct check_job *job)
{
	int fds[LIMIT_TASK_INPUTS];
	struct buf roles = {0};
	size_t count = open_pictures(job, fds, &roles);
	struct msg msg = {.type = MSG_JOB};
	char *packet = malloc(LIMIT_FRAME);
	uint64_t most_ms = patient(one, one->target->timeout_ms);

	one->status = FORMY_OK;
	one->output_file[0] = '\0';
	msg.job = (struct msg_job){
		.job = ++one->jobs,
		.task_id = "check",
		.attempt = 1,
		.time_ms = most_ms,
		.config = job->config,
		.roles = roles.len > 0 ? buf_cstr(&roles) : "",
		.check = job->check,
	};
	if (job->cancel == CHECK_CANCEL_BEFORE) {
		control_stop(one->control, one->jobs, CONTROL_CANCELLED);
	}
	if (!packet || !msg.job.roles || !send_message(one, &msg, fds, count)) {
		explain_end(one);
		goto out;
	}
	if (job->cancel != CHECK_GOES_ON) {
		struct pollfd answer = {.fd = one->channel, .events = POLLIN};

		(void)poll(&answer, 1, DURING_MS);
		control_stop(one->control, one->jobs, CONTROL_CANCELLED);
		most_ms = patient(one, STOP_MS);
	}
	if (await(one, packet, most_ms, MSG_OUTCOME, &msg)) {
		if (msg.outcome.job != one->jobs) {
			check_blame(one, "it wrote to the worker's channel, which is not its own");
		} else {
			check_judge(one, job, &msg.outcome);
		}
	}
out:
	while (count > 0) {
		fs_close(fds[--count]);
	}
	buf_finish(&roles);
	free(packet);
	return !one->problem.text[0];
}

bool check_end(struct check_case *one)
{
	struct pollfd gone = {.fd = one->channel, .events = POLLIN};
	int status = 0;

	if (one->pid > 0) {
		if (!one->problem.text[0]) {
			uint64_t deadline = clock_mono_ms() + patient(one, END_MS);

			(void)shutdown(one->channel, SHUT_WR);
			while (clock_mono_ms() < deadline && !(gone.revents & POLLHUP)) {
				char room[256];

				(void)poll(&gone, 1, 100);
				read_output(one);
				while (recv(one->channel, room, sizeof(room), MSG_DONTWAIT) > 0) {
				}
			}
		}
		/* one that ends by itself is not hurt by it */
		if (!one->target->valgrind || one->problem.text[0]) {
			(void)kill(-one->pid, SIGKILL);
		}
		while (waitpid(one->pid, &status, 0) < 0 && errno == EINTR) {
		}
		read_output(one);
		if (one->target->valgrind && WIFEXITED(status) &&
			WEXITSTATUS(status) == VALGRIND_FOUND) {
			check_blame(one, "valgrind found errors; -v shows them");
		}
	}
	control_unmap(one->control);
	fs_close(one->control_fd);
	fs_close(one->channel);
	fs_close(one->output);
	if (one->scratch[0]) {
		(void)fs_remove_tree(one->scratch);
	}
	return !one->problem.text[0];
}
