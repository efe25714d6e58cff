#include "executor/confine.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "executor/landlock.h"
#include "executor/syscalls.h"

#define MALLOC_ARENAS 8

/* That the limit of processor time may be larger than need be. */
#define SPARE_MS 2000

/* What libraries read, whatever they do. */
static const char *const system_paths[] = {"/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin",
	"/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
	"/etc/localtime", "/etc/timezone", "/etc/locale.alias", "/etc/fonts", "/etc/mime.types",
	"/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems",
	"/proc/sys/vm/overcommit_memory", "/sys/devices/system", "/sys/fs/cgroup",
	"/sys/kernel/mm/transparent_hugepage", "/dev/random", "/dev/urandom", NULL};
static const char *const net_paths[] = {"/etc/resolv.conf", "/run/systemd/resolve",
	"/run/resolvconf", "/run/NetworkManager", "/etc/hosts", "/etc/host.conf",
	"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/ssl",
	"/etc/ca-certificates", "/etc/pki", NULL};
static const char *const gpu_paths[] = {"/sys/bus/pci", "/sys/class/drm", "/sys/devices",
	"/sys/dev/char", "/proc/driver/nvidia", "/etc/OpenCL", "/etc/vulkan", NULL};
static const char *const gpu_devices[] = {"/dev/dri", "/dev/kfd", "/dev/nvidia0", "/dev/nvidia1",
	"/dev/nvidia2", "/dev/nvidia3", "/dev/nvidia4", "/dev/nvidia5", "/dev/nvidia6",
	"/dev/nvidia7", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools",
	"/dev/nvidia-caps", NULL};
static const char *const plain_devices[] = {"/dev/null", "/dev/zero", "/dev/full", NULL};

/* The rules, and the first thing that went wrong with one. */
struct rules {
	struct landlock landlock;
	int result;
};

static void allow(struct rules *rules, const char *path, enum landlock_access access)
{
	if (rules->result == 0) {
		rules->result = landlock_allow(&rules->landlock, path, access);
	}
}

static void allow_all(struct rules *rules, const char *const *paths, enum landlock_access access)
{
	for (size_t i = 0; paths[i]; i++) {
		allow(rules, paths[i], access);
	}
}

static void allow_folder_of(struct rules *rules, const char *file)
{
	char folder[PATH_MAX];
	char *slash;

	if (!realpath(file, folder)) {
		return;
	}
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		allow(rules, folder, LANDLOCK_READ);
	}
}

/* The operator's own words: "/" is no file that anybody meant. */
static void allow_named(struct rules *rules, struct json_object *value, unsigned depth)
{
	if (depth > LIMIT_JSON_DEPTH) {
		return;
	}
	if (json_object_is_type(value, json_type_string)) {
		const char *text = json_object_get_string(value);

		if (text[0] == '/' && text[strspn(text, "/.")] != '\0') {
			allow(rules, text, LANDLOCK_READ);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			allow_named(rules, json_object_array_get_idx(value, i), depth + 1);
		}
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member)
		{
			(void)name;
			allow_named(rules, member, depth + 1);
		}
	}
}

static void allow_config(struct rules *rules, const char *text)
{
	struct json_object *config = NULL;

	if (json_parse(text, strlen(text), LIMIT_FRAME, NULL, &config) == 0) {
		allow_named(rules, config, 0);
	}
	json_object_put(config);
}

static void fill(struct rules *rules, const struct confinement *how)
{
	const bool exec = how->granted & SANDBOX_EXEC;

	allow_all(rules, system_paths, exec ? LANDLOCK_READ_RUN : LANDLOCK_READ);
	allow_all(rules, plain_devices, LANDLOCK_DEVICE);
	if (how->granted & SANDBOX_NET) {
		allow_all(rules, net_paths, LANDLOCK_READ);
	}
	if (how->granted & SANDBOX_GPU) {
		allow_all(rules, gpu_paths, LANDLOCK_READ);
		allow_all(rules, gpu_devices, LANDLOCK_DEVICE);
	}
	for (size_t i = 0; how->plugins[i]; i++) {
		allow_folder_of(rules, how->plugins[i]);
	}
	for (size_t i = 0; how->configs[i]; i++) {
		allow_config(rules, how->configs[i]);
	}
	if (how->scratch) {
		allow(rules, how->scratch, LANDLOCK_SCRATCH);
	}
}

/* The ABI in force, or a negative errno. */
static int limit_files(const struct confinement *how)
{
	struct rules rules = {0};
	int result = landlock_create(&rules.landlock, how->granted & SANDBOX_NET);

	if (result < 0) {
		return result;
	}
	fill(&rules, how);
	result = landlock_finish(&rules.landlock, rules.result == 0);
	if (rules.result < 0 || result < 0) {
		return rules.result < 0 ? rules.result : result;
	}
	return rules.landlock.abi;
}

/* Both limits, so that nobody raises them again. */
static int limit(int resource, uint64_t most)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0) {
		return -errno;
	}
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > most) {
		now.rlim_max = (rlim_t)most;
	}
	now.rlim_cur = now.rlim_max;
	return setrlimit(resource, &now) < 0 ? -errno : 0;
}

static int limit_resources(const struct confinement *how)
{
	/* a graphics card's memory, and that of a leak checker, is mapped many times over */
	uint64_t memory = how->granted & SANDBOX_GPU ? 0 : how->memory;
	int result = limit(RLIMIT_NPROC, LIMIT_EXECUTOR_THREADS);

#if defined(__SANITIZE_ADDRESS__)
	memory = 0;
#endif
	if (result == 0 && memory > 0) {
		/* each takes 64 MiB of addresses, and there would be eight for each processor */
		(void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
		result = limit(RLIMIT_AS, memory);
	}
	if (result == 0 && how->file_size > 0) {
		/* a write fails, in place of the process */
		(void)signal(SIGXFSZ, SIG_IGN);
		result = limit(RLIMIT_FSIZE, how->file_size);
	}
	if (result == 0 && how->processor_s > 0) {
		result = limit(RLIMIT_CPU, how->processor_s);
	}
	return result;
}

/* What root may do beyond others. That a file belongs to it still counts. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
		/* only who has CAP_SETPCAP can, and who has it not has nothing to lose */
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static void add_lack(struct buf *lacks, const char *text)
{
	buf_add_text(lacks, lacks->len > 0 ? "; " : "");
	buf_add_text(lacks, text);
}

static void tell(const struct confinement *how, int abi, bool filtered, struct buf *in_force)
{
	buf_add_text(in_force, sandbox_profiles[how->profile]);
	if (abi > 0) {
		buf_printf(in_force, ", landlock %d", abi);
	}
	buf_add_text(in_force, filtered ? ", seccomp" : "");
	if (how->granted) {
		buf_add_text(in_force, ", allowed ");
		sandbox_grants_add(in_force, how->granted);
	}
}

int confine(const struct confinement *how, struct buf *in_force, struct buf *lacks, struct err *err)
{
	int result;
	int abi;

	if (how->profile == SANDBOX_OFF) {
		buf_add_text(in_force, sandbox_profiles[SANDBOX_OFF]);
		return 0;
	}
	if (how->scratch && setenv("TMPDIR", how->scratch, 1) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	result = limit_resources(how);
	if (result == 0) {
		result = drop_capabilities();
	}
	if (result < 0) {
		return err_set(err, result, "the limits of the process cannot be set: %s",
			strerror(-result));
	}
	abi = limit_files(how);
	if (abi < 0) {
		add_lack(lacks, "Landlock: plugins can read and write what the service can");
	} else if (abi < 6 && how->granted & SANDBOX_EXEC) {
		add_lack(lacks, "Landlock 6: programs that plugins start can send signals");
	}
	result = syscalls_limit(how->profile, how->granted);
	if (result < 0) {
		add_lack(lacks, "seccomp: plugins can connect and start programs");
	}
	if (how->profile == SANDBOX_STRICT && lacks->len > 0) {
		return err_set(err, -EPERM,
			"sandbox = \"strict\" cannot be kept, as this system has no %s. Run it on "
			"a "
			"kernel that has, or choose sandbox = \"default\"",
			buf_cstr(lacks) ? buf_cstr(lacks) : "Landlock or seccomp");
	}
	tell(how, abi, result == 0, in_force);
	return 0;
}

void confine_processor_time(uint64_t time_ms, uint64_t processors)
{
	static uint64_t granted_ms; /* the longest task that the limit is meant for ... */
	static uint64_t until_ms;   /* ... if it begins before */
	uint64_t now_ms = clock_mono_ms();
	uint64_t more_ms = (time_ms + SPARE_MS) * processors;
	struct rusage used;
	struct rlimit now;
	uint64_t seconds;

	if (time_ms <= granted_ms && now_ms < until_ms) {
		return;
	}
	granted_ms = time_ms;
	until_ms = now_ms + SPARE_MS;
	if (getrusage(RUSAGE_SELF, &used) < 0 || getrlimit(RLIMIT_CPU, &now) < 0) {
		return;
	}
	seconds = (uint64_t)used.ru_utime.tv_sec + (uint64_t)used.ru_stime.tv_sec + 2 +
		more_ms / 1000;
	if (now.rlim_max == RLIM_INFINITY || seconds < now.rlim_max) {
		now.rlim_cur = (rlim_t)seconds;
		(void)setrlimit(RLIMIT_CPU, &now);
	}
}
