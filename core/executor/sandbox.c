#include "executor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "wire/channel.h"
#include "wire/control.h"

extern char **environ;

static int fail_with_errno(struct err *err, const char *what)
{
	int code = errno;

	return err_set(err, -code, "%s: %s", what, strerror(code));
}

static bool may_keep(const char *variable)
{
	/* a name that ends with '_' stands for all that begin so */
	static const char *const names[] = {"PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "OMP_",
		"SSL_CERT_", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY",
		"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(variable, names[i], len) == 0 &&
			(names[i][len - 1] == '_' || variable[len] == '=')) {
			return true;
		}
	}
	return false;
}

static void empty_environment(void)
{
	size_t kept = 0;

	for (size_t i = 0; environ && environ[i]; i++) {
		if (may_keep(environ[i])) {
			environ[kept++] = environ[i];
		}
	}
	if (environ) {
		environ[kept] = NULL;
	}
}

static int limit(int resource, rlim_t most)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0) {
		return -errno;
	}
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most) {
		now.rlim_max = most;
	}
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > now.rlim_max ||
		resource == RLIMIT_NOFILE) {
		now.rlim_cur = now.rlim_max;
	}
	return setrlimit(resource, &now) < 0 ? -errno : 0;
}

/* A parent that ended before PR_SET_PDEATHSIG was set sent nothing: but its end of the channel is
 * closed then. */
static bool parent_is_gone(void)
{
	struct pollfd channel = {.fd = CHANNEL_FD};

	return poll(&channel, 1, 0) > 0 && (channel.revents & POLLHUP);
}

static int use_no_input(struct err *err)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return fail_with_errno(err, "/dev/null");
	}
	if (fd != STDIN_FILENO) {
		if (dup2(fd, STDIN_FILENO) < 0) {
			int result = fail_with_errno(err, "standard input");

			fs_close(fd);
			return result;
		}
		fs_close(fd);
	}
	return 0;
}

int sandbox_enter(struct err *err)
{
	int result;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
		return fail_with_errno(err, "PR_SET_PDEATHSIG");
	}
	if (parent_is_gone()) {
		return err_set(err, -EPIPE, "the worker that started this has gone");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return fail_with_errno(err, "PR_SET_NO_NEW_PRIVS");
	}
#if !defined(__SANITIZE_ADDRESS__)
	/* LeakSanitizer has to trace its own process */
	if (prctl(PR_SET_DUMPABLE, 0) < 0) {
		return fail_with_errno(err, "PR_SET_DUMPABLE");
	}
#endif
	result = limit(RLIMIT_NOFILE, SANDBOX_DESCRIPTORS);
	/* valgrind allows nobody to lower this one; a kernel always does */
	if (limit(RLIMIT_CORE, 0) < 0 || (result < 0 && result != -EPERM)) {
		return fail_with_errno(err, "the limits of the process cannot be set");
	}
	result = use_no_input(err);
	if (result < 0) {
		return result;
	}
	if (close_range(CONTROL_FD + 1, ~0u, 0) < 0) {
		return fail_with_errno(err, "open descriptors cannot be closed");
	}
	for (int fd = CHANNEL_FD; fd <= CONTROL_FD; fd++) {
		/* either may be missing: the caller finds out */
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	empty_environment();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0077);
	/* a process that leads a group already has no terminal to lose */
	(void)setsid();
	if (chdir("/") < 0) {
		return fail_with_errno(err, "/");
	}
	return 0;
}
