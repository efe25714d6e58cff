/* without_landlock PROGRAM [ARGUMENT...]: runs a program on a kernel that seems to be an old one. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char *const calls[] = {
		"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2 || !filter) {
		return 64;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		(void)seccomp_rule_add(
			filter, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name(calls[i]), 0);
	}
	if (seccomp_load(filter) < 0) {
		perror("seccomp");
		return 70;
	}
	seccomp_release(filter);
	(void)execv(argv[1], argv + 1);
	perror(argv[1]);
	return 70;
}
