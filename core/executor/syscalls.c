#include "executor/syscalls.h"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* A leak check stops the threads of its own process, and does it as a debugger would. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKS_LEAKS true
#else
#define CHECKS_LEAKS false
#endif

/* What an int or an unsigned int is to the kernel; the rest of its register is not looked at. */
#define INT_MASK UINT64_C(0xffffffff)

/* Calls that are newer than this file, or that libseccomp has no name for. Those that change files
 * are among them, and nobody needs one yet: they fail as on the kernels that lack them. */
#define FIRST_NEW 457 /* statmount of Linux 6.8 */
#define LAST_NEW 600
#define FCHMODAT2 452

/* Other processes; the machine; the rights and times of files, which Landlock does not guard, and
 * for which an open descriptor is enough; names of files that appear in folders of others; what
 * gets around the rules for the rest. */
static const char *const never[] = {"acct", "add_key", "adjtimex", "bpf", "chmod", "chown",
	"chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init", "fchmod",
	"fchmodat", "fchmodat2", "fchown", "fchownat", "finit_module", "fremovexattr", "fsconfig",
	"fsetxattr", "fsmount", "fsopen", "fspick", "futimesat", "init_module", "inotify_add_watch",
	"inotify_init", "inotify_init1", "io_uring_enter", "io_uring_register", "io_uring_setup",
	"ioperm", "iopl", "ioprio_set", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lchown",
	"listen", "lookup_dcookie", "lremovexattr", "lsetxattr", "memfd_secret", "migrate_pages",
	"mknod", "mknodat", "mount", "mount_setattr", "move_mount", "move_pages", "mq_open",
	"mq_unlink", "msgget", "name_to_handle_at", "open_by_handle_at", "open_tree",
	"perf_event_open", "personality", "pidfd_getfd", "pidfd_send_signal", "pivot_root",
	"process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev", "quotactl",
	"quotactl_fd", "reboot", "removexattr", "removexattrat", "request_key", "semget",
	"setdomainname", "sethostname", "setns", "setpgid", "setsid", "settimeofday", "setxattr",
	"setxattrat", "shmat", "shmget", "stime", "swapoff", "swapon", "syslog", "tkill",
	"truncate", "truncate64", "umount", "umount2", "unshare", "userfaultfd", "utime",
	"utimensat", "utimensat_time64", "utimes", "vhangup", "vm86", "vm86old", NULL};

/* What threads, memory, files, clocks and pipes need, and the libraries that engines use. */
static const char *const strict[] = {"access", "alarm", "arch_prctl", "brk", "capget", "chdir",
	"clock_getres", "clock_gettime", "clock_nanosleep", "close", "close_range",
	"copy_file_range", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_wait", "eventfd2", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64",
	"fallocate", "fchdir", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate",
	"futex", "futex_waitv", "get_mempolicy", "get_robust_list", "getcpu", "getcwd", "getdents",
	"getdents64", "getegid", "geteuid", "getgid", "getgroups", "getpeername", "getpgid",
	"getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresuid",
	"getrlimit", "getrusage", "getsid", "getsockname", "getsockopt", "gettid", "gettimeofday",
	"getuid", "getxattr", "lseek", "lstat", "madvise", "mbind", "membarrier", "mincore",
	"mlock", "mlock2", "mmap", "mprotect", "mremap", "msync", "munlock", "munmap", "nanosleep",
	"newfstatat", "pause", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv", "preadv2",
	"pselect6", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
	"readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_yield", "select", "sendmmsg", "sendmsg", "sendto",
	"set_mempolicy", "set_robust_list", "set_tid_address", "setitimer", "setrlimit",
	"setsockopt", "shutdown", "sigaltstack", "splice", "stat", "statfs", "statx", "sysinfo",
	"tee", "time", "timer_create", "timer_delete", "timer_gettime", "timer_settime",
	"timerfd_create", "timerfd_gettime", "timerfd_settime", "times", "umask", "uname", "unlink",
	"unlinkat", "wait4", "waitid", "write", "writev", NULL};

/* Beside those, with the grant. */
static const char *const strict_net[] = {"bind", "connect", NULL};
static const char *const strict_exec[] = {
	"execve", "execveat", "fork", "kill", "tgkill", "vfork", NULL};
static const char *const strict_gpu[] = {"ioctl", "memfd_create", NULL};

/* To have signals sent in somebody's name, and to make others wait for a file. */
static const unsigned fcntl_never[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_NOTIFY, F_SETLEASE};
static const unsigned fcntl_strict[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL,
	F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ,
	F_SETPIPE_SZ, F_GET_SEALS};

/* Signals as above, terminals, and what a file is beside its bytes. */
static const unsigned ioctl_never[] = {FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOCSTI, TIOCSCTTY,
	0x541c /* TIOCLINUX */, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY};
static const unsigned ioctl_strict[] = {FIONREAD, FIONBIO, FIOCLEX, TCGETS};

/* To live on without the worker, and to leave a core file with an engine's key in it. */
static const unsigned prctl_never[] = {PR_SET_PDEATHSIG, PR_SET_DUMPABLE};
static const unsigned prctl_strict[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_PDEATHSIG,
	PR_CAPBSET_READ, PR_GET_NO_NEW_PRIVS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK,
	PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_SET_VMA};

static const unsigned long namespaces[] = {CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS,
	CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS};

#define ALL_NAMESPACES                                                                             \
	(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |              \
		CLONE_NEWUSER | CLONE_NEWUTS)
#define NAMELESS (O_TMPFILE & ~O_DIRECTORY)
#define SOCKET_TYPE 0xf /* of a socket's second argument; the rest are flags */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

/* For each of the values that an argument of a call, an int, may have. */
static void add_for(struct filter *filter, uint32_t action, const char *name, unsigned arg,
	const unsigned *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add_if(filter, action, name,
			SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, INT_MASK, values[i]));
	}
}

/* Half of a pair of datagram sockets sends to any address of its family. */
static void refuse_pairs(struct filter *filter)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	add_if(filter, no, "socketpair", SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	add_if(filter, no, "socketpair", SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_DGRAM));
	add_if(filter, no, "socketpair", SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_RAW));
}

static void allow_pairs(struct filter *filter)
{
	static const unsigned types[] = {SOCK_STREAM, SOCK_SEQPACKET};

	for (size_t i = 0; i < COUNT(types); i++) {
		const struct scmp_arg_cmp when[] = {SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
			SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE, types[i])};

		add_when(filter, SCMP_ACT_ALLOW, "socketpair", 2, when);
	}
}

/* Files without a name, on disk or in memory: nobody could see how large they get. */
static void refuse_nameless(struct filter *filter, bool gpu)
{
	const uint32_t unknown = SCMP_ACT_ERRNO(EOPNOTSUPP);

	add_if(filter, unknown, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, NAMELESS, NAMELESS));
	add_if(filter, unknown, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, NAMELESS, NAMELESS));
	if (!gpu) {
		add_when(filter, SCMP_ACT_ERRNO(EPERM), "memfd_create", 0, NULL);
	}
}

static void refuse_new(struct filter *filter)
{
	for (int number = FIRST_NEW; number <= LAST_NEW && filter->result == 0; number++) {
		filter->result =
			seccomp_rule_add(filter->context, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	}
	if (filter->result == 0 && seccomp_syscall_resolve_name("fchmodat2") < 0) {
		filter->result =
			seccomp_rule_add(filter->context, SCMP_ACT_ERRNO(EPERM), FCHMODAT2, 0);
	}
}

/* Addresses of the internet, and the list of the machine's own, which resolvers ask for. */
static void refuse_sockets(struct filter *filter, bool net)
{
	const struct scmp_arg_cmp other_lists[] = {
		SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE)};
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);

	if (!net) {
		add_when(filter, no, "socket", 0, NULL);
		return;
	}
	add_if(filter, no, "socket", SCMP_A0(SCMP_CMP_LT, AF_INET));
	add_if(filter, no, "socket", SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	add_when(filter, no, "socket", 2, other_lists);
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
	static const char *const not_self[] = {"prlimit64", "sched_setaffinity", "sched_setattr",
		"sched_setparam", "sched_setscheduler", NULL};
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
	for (size_t i = 0; i < COUNT(namespaces); i++) {
		add_if(filter, no, "clone",
			SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	}
	add_for(filter, no, "fcntl", 1, fcntl_never, COUNT(fcntl_never));
	add_for(filter, no, "ioctl", 1, ioctl_never, COUNT(ioctl_never));
	add_for(filter, no, "prctl", 0, prctl_never, COUNT(prctl_never));
	refuse_pairs(filter);
	refuse_nameless(filter, granted & SANDBOX_GPU);
	refuse_new(filter);
}

static void fill_strict(struct filter *filter, uint32_t granted)
{
	static const unsigned families[] = {AF_INET, AF_INET6};
	const struct scmp_arg_cmp own_addresses[] = {
		SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE)};
	const scmp_datum_t own = (scmp_datum_t)(uint32_t)getpid();
	const uint32_t yes = SCMP_ACT_ALLOW;

	add_all(filter, yes, strict);
	add_if(filter, yes, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	add_if(filter, yes, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0));
	add_if(filter, yes, "kill", SCMP_A0(SCMP_CMP_EQ, own));
	add_if(filter, yes, "tgkill", SCMP_A0(SCMP_CMP_EQ, own));
	add_if(filter, yes, "sched_setaffinity", SCMP_A0(SCMP_CMP_EQ, 0));
	add_if(filter, yes, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, NAMELESS, 0));
	add_if(filter, yes, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, NAMELESS, 0));
	add_for(filter, yes, "fcntl", 1, fcntl_strict, COUNT(fcntl_strict));
	add_for(filter, yes, "ioctl", 1, ioctl_strict, COUNT(ioctl_strict));
	add_for(filter, yes, "prctl", 0, prctl_strict, COUNT(prctl_strict));
	allow_pairs(filter);
	if (granted & SANDBOX_NET) {
		add_all(filter, yes, strict_net);
		for (size_t i = 0; i < COUNT(families); i++) {
			add_if(filter, yes, "socket", SCMP_A0(SCMP_CMP_EQ, families[i]));
		}
		add_when(filter, yes, "socket", 2, own_addresses);
	}
	if (granted & SANDBOX_EXEC) {
		add_all(filter, yes, strict_exec);
		add_if(filter, yes, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, ALL_NAMESPACES, 0));
	}
	if (granted & SANDBOX_GPU) {
		add_all(filter, yes, strict_gpu);
	}
	if (CHECKS_LEAKS) {
		add_when(filter, yes, "ptrace", 0, NULL);
		add_when(filter, yes, "prctl", 0, NULL);
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
	/* their flags lie in memory, where no filter can look: without them libraries take others */
	add_when(&filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	add_when(&filter, SCMP_ACT_ERRNO(ENOSYS), "openat2", 0, NULL);
	/* calls of 32 bit programs have other numbers */
	if (filter.result == 0) {
		filter.result = seccomp_attr_set(
			filter.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	}
	if (filter.result == 0) {
		filter.result = seccomp_load(filter.context);
	}
	seccomp_release(filter.context);
	return filter.result;
}
