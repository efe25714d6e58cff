#include "executor/syscalls.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* A leak check stops the threads of its own process, and does it as a debugger would. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKS_LEAKS true
#else
#define CHECKS_LEAKS false
#endif

/* Other processes; the machine; the rights and times of files, which Landlock does not guard, and
 * for which an open descriptor is enough; what gets around the rules for the rest. */
static const char *const never[] = {"acct", "add_key", "adjtimex", "bpf", "chmod", "chown",
	"chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init", "fchmod",
	"fchmodat", "fchmodat2", "fchown", "fchownat", "finit_module", "fremovexattr", "fsconfig",
	"fsetxattr", "fsmount", "fsopen", "fspick", "futimesat", "init_module", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "ioperm", "iopl", "ioprio_set", "kcmp",
	"kexec_file_load", "kexec_load", "keyctl", "lchown", "lookup_dcookie", "lremovexattr",
	"lsetxattr", "migrate_pages", "mknod", "mknodat", "mount", "mount_setattr", "move_mount",
	"move_pages", "mq_open", "mq_unlink", "msgget", "name_to_handle_at", "open_by_handle_at",
	"open_tree", "perf_event_open", "personality", "pidfd_getfd", "pidfd_send_signal",
	"pivot_root", "process_madvise", "process_mrelease", "process_vm_readv",
	"process_vm_writev", "quotactl", "quotactl_fd", "reboot", "removexattr", "removexattrat",
	"request_key", "semget", "setdomainname", "sethostname", "setns", "settimeofday",
	"setxattr", "setxattrat", "shmat", "shmget", "stime", "swapoff", "swapon", "syslog",
	"tkill", "truncate", "truncate64", "umount", "umount2", "unshare", "userfaultfd", "utime",
	"utimensat", "utimensat_time64", "utimes", "vhangup", "vm86", "vm86old", NULL};

/* What threads, memory, files, clocks and pipes need, and the libraries that engines use. */
static const char *const strict[] = {"access", "alarm", "arch_prctl", "brk", "capget", "chdir",
	"clock_getres", "clock_gettime", "clock_nanosleep", "close", "close_range",
	"copy_file_range", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_wait", "eventfd2", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64",
	"fallocate", "fchdir", "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync",
	"ftruncate", "futex", "futex_waitv", "get_mempolicy", "get_robust_list", "getcpu", "getcwd",
	"getdents", "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getpeername",
	"getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt", "gettid",
	"gettimeofday", "getuid", "getxattr", "lseek", "lstat", "madvise", "mbind", "membarrier",
	"memfd_create", "mincore", "mlock", "mlock2", "mmap", "mprotect", "mremap", "msync",
	"munlock", "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2", "pause",
	"pipe", "pipe2", "poll", "ppoll", "prctl", "pread64", "preadv", "preadv2", "pselect6",
	"pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv",
	"recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2", "restart_syscall",
	"rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
	"sched_getattr", "sched_getparam", "sched_getscheduler", "sched_setaffinity", "sched_yield",
	"select", "sendmmsg", "sendmsg", "sendto", "set_mempolicy", "set_robust_list",
	"set_tid_address", "setitimer", "setrlimit", "setsockopt", "shutdown", "sigaltstack",
	"socketpair", "splice", "stat", "statfs", "statx", "sysinfo", "tee", "time", "timer_create",
	"timer_delete", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
	"timerfd_settime", "times", "umask", "uname", "unlink", "unlinkat", "wait4", "waitid",
	"write", "writev", NULL};

/* Beside those, with the grant. */
static const char *const strict_net[] = {"accept", "accept4", "bind", "connect", NULL};
static const char *const strict_exec[] = {"clone", "execve", "execveat", "fork", "kill", "setpgid",
	"setsid", "tgkill", "vfork", NULL};
static const char *const strict_gpu[] = {"ioctl", NULL};

struct filter {
	scmp_filter_ctx context;
	int result; /* of the first rule that could not be added */
};

/* A call that this machine or this libseccomp does not know needs no rule. */
static void add_when(struct filter *filter, uint32_t action, const char *name, unsigned count,
	const struct scmp_arg_cmp *when)
{
	int number = seccomp_syscall_resolve_name(name);
	int result;

	if (filter->result < 0 || number < 0) {
		return;
	}
	result = seccomp_rule_add_array(filter->context, action, number, count, when);
	if (result < 0 && result != -EEXIST) {
		filter->result = result;
	}
}

static void add_all(struct filter *filter, uint32_t action, const char *const *names)
{
	for (size_t i = 0; names[i]; i++) {
		add_when(filter, action, names[i], 0, NULL);
	}
}

static void add_if(
	struct filter *filter, uint32_t action, const char *name, struct scmp_arg_cmp condition)
{
	add_when(filter, action, name, 1, &condition);
}

/* Addresses of the internet, and the list of the machine's own, which resolvers ask for. */
static void refuse_sockets(struct filter *filter, bool net)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	if (!net) {
		add_when(filter, no, "socket", 0, NULL);
		return;
	}
	add_if(filter, no, "socket", SCMP_A0(SCMP_CMP_LT, AF_INET));
	add_if(filter, no, "socket", SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	for (unsigned family = AF_INET + 1; family < AF_NETLINK; family++) {
		if (family != AF_INET6) {
			add_if(filter, no, "socket", SCMP_A0(SCMP_CMP_EQ, family));
		}
	}
}

/* A signal, a limit or a priority for another process: the worker is one of the same user. */
static void refuse_reaching_out(struct filter *filter, bool exec)
{
	static const char *const by_pid[] = {
		"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", NULL};
	static const char *const not_self[] = {
		"prlimit64", "sched_setattr", "sched_setparam", "sched_setscheduler", NULL};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	/* with exec it is Landlock that keeps signals within */
	for (size_t i = 0; by_pid[i] && !exec; i++) {
		add_if(filter, no, by_pid[i],
			SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)(uint32_t)getpid()));
	}
	for (size_t i = 0; not_self[i]; i++) {
		add_if(filter, no, not_self[i], SCMP_A0(SCMP_CMP_NE, 0));
	}
	add_if(filter, no, "setpriority", SCMP_A0(SCMP_CMP_NE, PRIO_PROCESS));
	add_if(filter, no, "setpriority", SCMP_A1(SCMP_CMP_NE, 0));
}

static void refuse_processes(struct filter *filter)
{
	static const char *const starting[] = {"execve", "execveat", "fork", "vfork", NULL};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	add_all(filter, no, starting);
	if (!CHECKS_LEAKS) {
		add_if(filter, no, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	}
}

static void fill_default(struct filter *filter, uint32_t granted)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	add_all(filter, no, never);
	if (!CHECKS_LEAKS) {
		add_when(filter, no, "ptrace", 0, NULL);
	}
	refuse_sockets(filter, granted & SANDBOX_NET);
	refuse_reaching_out(filter, granted & SANDBOX_EXEC);
	if (!(granted & SANDBOX_EXEC)) {
		refuse_processes(filter);
	}
}

static void fill_strict(struct filter *filter, uint32_t granted)
{
	static const unsigned families[] = {AF_INET, AF_INET6, AF_NETLINK};
	static const unsigned questions[] = {FIONREAD, FIONBIO, FIOCLEX, TCGETS};
	const scmp_datum_t own = (scmp_datum_t)(uint32_t)getpid();
	const uint32_t yes = SCMP_ACT_ALLOW;

	add_all(filter, yes, strict);
	add_if(filter, yes, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	add_if(filter, yes, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0));
	add_if(filter, yes, "kill", SCMP_A0(SCMP_CMP_EQ, own));
	add_if(filter, yes, "tgkill", SCMP_A0(SCMP_CMP_EQ, own));
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		add_if(filter, yes, "ioctl", SCMP_A1(SCMP_CMP_EQ, questions[i]));
	}
	if (granted & SANDBOX_NET) {
		add_all(filter, yes, strict_net);
		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
			add_if(filter, yes, "socket", SCMP_A0(SCMP_CMP_EQ, families[i]));
		}
	}
	if (granted & SANDBOX_EXEC) {
		add_all(filter, yes, strict_exec);
	}
	if (granted & SANDBOX_GPU) {
		add_all(filter, yes, strict_gpu);
	}
	if (CHECKS_LEAKS) {
		add_when(filter, yes, "ptrace", 0, NULL);
		add_when(filter, yes, "clone", 0, NULL);
	}
}

int syscalls_limit(enum sandbox_profile profile, uint32_t granted)
{
	bool allow_list = profile == SANDBOX_STRICT;
	struct filter filter = {
		.context = seccomp_init(allow_list ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW),
	};

	if (!filter.context) {
		return -ENOMEM;
	}
	if (allow_list) {
		fill_strict(&filter, granted);
	} else {
		fill_default(&filter, granted);
	}
	/* its flags lie in memory, where no filter can look: without it libraries take clone */
	add_when(&filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (filter.result == 0) {
		filter.result = seccomp_load(filter.context);
	}
	seccomp_release(filter.context);
	return filter.result;
}
