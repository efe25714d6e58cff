#include <fcntl.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "hostile.h"

#define CHANNEL 3
#define HIGH_BITS (UINT64_C(0xdead) << 32) /* that a kernel does not look at, and a filter might */
#define FCHMODAT2 452                      /* Linux 6.6 */
#define FILE_SETATTR 469                   /* Linux 6.17 */
#define SMALL_STACK 16384
#define MANY_THREADS 20000

/* ------------------------------------------------------------------------- other processes --- */

static int trace_worker(const struct attack *attack)
{
	(void)attack;
	return could(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

/* Signal 0: should the wall be missing, nobody is hurt. */
static int signal_everybody(const struct attack *attack)
{
	(void)attack;
	return could(kill(-1, 0));
}

static int signal_group(const struct attack *attack)
{
	(void)attack;
	return could(kill(0, 0));
}

/* The kernel sends a descriptor's owner signals in the name of who made it so. */
static int own(uint64_t command)
{
	struct f_owner_ex owner = {F_OWNER_PID, getppid()};

	return could(syscall(SYS_fcntl, CHANNEL, command,
		(uint32_t)command == F_SETOWN_EX ? (long)&owner : (long)getppid()));
}

static int own_channel(const struct attack *attack)
{
	(void)attack;
	return own(F_SETOWN);
}

static int own_channel_ex(const struct attack *attack)
{
	(void)attack;
	return own(F_SETOWN_EX);
}

static int own_with_high_bits(const struct attack *attack)
{
	(void)attack;
	return own(HIGH_BITS | F_SETOWN);
}

static int own_by_ioctl(const struct attack *attack)
{
	pid_t worker = getppid();

	(void)attack;
	return could(ioctl(CHANNEL, FIOSETOWN, &worker));
}

static int move_worker(const struct attack *attack)
{
	cpu_set_t first;

	(void)attack;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	return could(sched_setaffinity(getppid(), sizeof(first), &first));
}

/* -------------------------------------------------------------- to stay when others are gone --- */

static int outlive_worker(const struct attack *attack)
{
	(void)attack;
	return could(prctl(PR_SET_PDEATHSIG, 0));
}

static int leave_a_core(const struct attack *attack)
{
	(void)attack;
	return could(prctl(PR_SET_DUMPABLE, 1));
}

static int leave_session(const struct attack *attack)
{
	int code = could(setsid());

	(void)attack;
	return code ? code : could(setpgid(0, 0));
}

/* A program that would run on: returns its number, which is no errno. */
static int leave_program(const struct attack *attack)
{
	char *const arguments[] = {(char *)"sleep", (char *)"1000", NULL};
	char *const environment[] = {NULL};
	pid_t pid;

	(void)attack;
	pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): as in hostile.c */
	if (pid == 0) {
		(void)execve("/bin/sleep", arguments, environment);
		_exit(127);
	}
	return pid < 0 ? errno : pid;
}

static void *wait_for_ever(void *arg)
{
	(void)arg;
	for (;;) {
		(void)pause();
	}
	return NULL;
}

static int start_threads(const struct attack *attack)
{
	pthread_attr_t small;
	pthread_t thread;
	int code = pthread_attr_init(&small);

	(void)attack;
	(void)pthread_attr_setstacksize(&small, SMALL_STACK);
	for (int i = 0; code == 0 && i < MANY_THREADS; i++) {
		code = pthread_create(&thread, &small, wait_for_ever, NULL);
	}
	(void)pthread_attr_destroy(&small);
	(void)wait_for_ever(NULL);
	return code;
}

/* ---------------------------------------------------------------- room that nobody looks at --- */

static int open_memory(const struct attack *attack)
{
	(void)attack;
	return end_fd(memfd_create("much", MFD_CLOEXEC));
}

static const char *scratch(const char *name, char path[512])
{
	const char *folder = getenv("TMPDIR");

	(void)snprintf(path, 512, "%s/%s", folder ? folder : "/tmp", name);
	return path;
}

static int open_without_name(const struct attack *attack)
{
	char path[512];

	(void)attack;
	return end_fd(open(scratch(".", path), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

static int open_without_name_by_2(const struct attack *attack)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_TMPFILE | O_RDWR | O_CLOEXEC, 0600, 0};
	char path[512];

	(void)attack;
	return end_fd(syscall(SYS_openat2, AT_FDCWD, scratch(".", path), &how, sizeof(how)));
}

static int take_name_away(const struct attack *attack)
{
	char path[512];
	int fd = open(scratch("unseen", path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int code = end_fd(fd);

	(void)attack;
	return code ? code : could(unlink(path));
}

/* ------------------------------------------------------------------------------ other files --- */

static int link_to(const struct attack *attack)
{
	char path[512];

	return could(symlink(attack->path, scratch("link", path)));
}

static int link_hard(const struct attack *attack)
{
	char path[512];

	return could(link(attack->path, scratch("hard", path)));
}

static int watch_folder(const struct attack *attack)
{
	int fd = inotify_init1(IN_CLOEXEC);
	int code = fd < 0 ? errno : could(inotify_add_watch(fd, attack->path, IN_ALL_EVENTS));

	if (fd >= 0) {
		(void)close(fd);
	}
	return code;
}

static int change_mode_by_2(const struct attack *attack)
{
	return could(syscall(FCHMODAT2, AT_FDCWD, attack->path, 0777, 0));
}

static int change_flags(const struct attack *attack)
{
	char path[512];
	int flags = 0;
	int fd = open(scratch("flags", path), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	int code;

	(void)attack;
	if (fd < 0) {
		return errno;
	}
	code = could(ioctl(fd, FS_IOC_SETFLAGS, &flags));
	(void)close(fd);
	return code;
}

static int change_attributes(const struct attack *attack)
{
	char room[64] = {0};

	return could(syscall(FILE_SETATTR, AT_FDCWD, attack->path, room, 24, 0));
}

/* ------------------------------------------------------------------------------ the kernel --- */

static int use_ring(const struct attack *attack)
{
	char room[512] = {0};

	(void)attack;
	return end_fd(syscall(SYS_io_uring_setup, 1, room));
}

static int leave_user(const struct attack *attack)
{
	(void)attack;
	return could(unshare(CLONE_NEWUSER));
}

static int start_elsewhere(const struct attack *attack)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	(void)attack;
	if (pid == 0) {
		_exit(0);
	}
	return could(pid);
}

static int add_key(const struct attack *attack)
{
	(void)attack;
	return could(syscall(SYS_add_key, "user", "a", "b", 1, KEY_SPEC_PROCESS_KEYRING));
}

static int share_memory(const struct attack *attack)
{
	(void)attack;
	return could(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
}

static int type_for_another(const struct attack *attack)
{
	(void)attack;
	return could(ioctl(STDOUT_FILENO, TIOCSTI, "x"));
}

static int call_as_32_bit(const struct attack *attack)
{
	(void)attack;
#ifdef __x86_64__
	long result;

	/* getpid of i386, which is writev here */
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
	if (result < 0) {
		errno = (int)-result;
		result = -1;
	}
	return could(result);
#else
	return EPERM;
#endif
}

/* ----------------------------------------------------------------------------------- sockets --- */

/* No socket of one's own is needed: half of a pair can be sent from to any address. */
static int send_datagram(const struct attack *attack)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int ends[2];
	int code;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0) {
		return errno;
	}
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", attack->path);
	code = could(
		sendto(ends[0], "x", 1, MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to)));
	(void)close(ends[0]);
	(void)close(ends[1]);
	return code;
}

/* A raw socket of that family is one for datagrams. */
static int pair_raw(const struct attack *attack)
{
	int ends[2];

	(void)attack;
	if (socketpair(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0, ends) < 0) {
		return errno;
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static int reach_host(const struct attack *attack)
{
	(void)attack;
	return end_fd(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int hear_events(const struct attack *attack)
{
	(void)attack;
	return end_fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 15 /* NETLINK_KOBJECT_UEVENT */));
}

/* Without bind(): the kernel chooses a port. */
static int listen_here(const struct attack *attack)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int code = fd < 0 ? errno : could(listen(fd, 1));

	(void)attack;
	if (fd >= 0) {
		(void)close(fd);
	}
	return code;
}

const struct act hostile_calls[] = {
	{"trace", trace_worker},
	{"everybody", signal_everybody},
	{"group", signal_group},
	{"own", own_channel},
	{"own_ex", own_channel_ex},
	{"own_high", own_with_high_bits},
	{"own_ioctl", own_by_ioctl},
	{"move", move_worker},
	{"outlive", outlive_worker},
	{"core", leave_a_core},
	{"session", leave_session},
	{"leave", leave_program},
	{"threads", start_threads},
	{"memfd", open_memory},
	{"nameless", open_without_name},
	{"nameless_2", open_without_name_by_2},
	{"unlink", take_name_away},
	{"symlink", link_to},
	{"link", link_hard},
	{"watch", watch_folder},
	{"chmod_2", change_mode_by_2},
	{"flags", change_flags},
	{"attributes", change_attributes},
	{"ring", use_ring},
	{"user", leave_user},
	{"clone_user", start_elsewhere},
	{"key", add_key},
	{"shm", share_memory},
	{"type", type_for_another},
	{"call_32", call_as_32_bit},
	{"datagram", send_datagram},
	{"raw", pair_raw},
	{"vsock", reach_host},
	{"events", hear_events},
	{"listen", listen_here},
	{NULL, NULL},
};
