/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_seccomp.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>

struct rule {
	int call; /* as libseccomp numbers it */
	uint32_t action;
	/* unless mask is 0, the rule is for calls whose argument has this value under the mask */
	unsigned argument;
	uint64_t mask;
	uint64_t value;
};

/* clang-format off: a table */
static const struct rule common_rules[] = {
	/* answered by the launcher */
	{ SCMP_SYS(uname), SCMP_ACT_NOTIFY, 0, 0, 0 },
	{ SCMP_SYS(clone), SCMP_ACT_NOTIFY, 0, CLONE_THREAD, CLONE_THREAD },
	/* gives 0 groups: only root could leave those of its session */
	{ SCMP_SYS(getgroups), SCMP_ACT_ERRNO(0), 0, 0, 0 },
	/* its flags are in memory, where no filter sees them; libraries then use clone */
	{ SCMP_SYS(clone3), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	/* would type into the terminal that the launcher was started from */
	{ SCMP_SYS(ioctl), SCMP_ACT_ERRNO(ENOTTY), 1, UINT32_MAX, TIOCSTI },
	{ SCMP_SYS(ioctl), SCMP_ACT_ERRNO(ENOTTY), 1, UINT32_MAX, TIOCLINUX },
	/* would read the keys that the user of the launcher has in the kernel */
	{ SCMP_SYS(keyctl), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	{ SCMP_SYS(add_key), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	{ SCMP_SYS(request_key), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	/* would make namespaces with new privileges and mounts of their own */
	{ SCMP_SYS(unshare), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	{ SCMP_SYS(setns), SCMP_ACT_ERRNO(ENOSYS), 0, 0, 0 },
	{ SCMP_SYS(clone), SCMP_ACT_ERRNO(EPERM), 0, CLONE_NEWUSER, CLONE_NEWUSER },
};

/* sys.disallow_subprocesses */
static const struct rule subprocess_rules[] = {
	{ SCMP_SYS(fork), SCMP_ACT_ERRNO(EAGAIN), 0, 0, 0 },
	{ SCMP_SYS(vfork), SCMP_ACT_ERRNO(EAGAIN), 0, 0, 0 },
	{ SCMP_SYS(clone), SCMP_ACT_ERRNO(EAGAIN), 0, CLONE_THREAD, 0 },
};
/* clang-format on */

static int add_rules(scmp_filter_ctx filter, const struct rule *rules, size_t count)
{
	int failed = 0;
	for (size_t i = 0; i < count && !failed; i++) {
		const struct rule *rule = &rules[i];
		struct scmp_arg_cmp condition = { rule->argument, SCMP_CMP_MASKED_EQ, rule->mask,
			rule->value };
		failed = seccomp_rule_add_array(
			filter, rule->action, rule->call, rule->mask ? 1 : 0, &condition);
	}
	return failed;
}

/* 0, or a negative errno as libseccomp gives it. */
static int load(scmp_filter_ctx filter, bool disallow_subprocesses)
{
	int failed = add_rules(filter, common_rules, sizeof(common_rules) / sizeof(struct rule));
	if (!failed && disallow_subprocesses)
		failed = add_rules(
			filter, subprocess_rules, sizeof(subprocess_rules) / sizeof(struct rule));
	return failed ? failed : seccomp_load(filter);
}

int sim_seccomp_install(bool disallow_subprocesses, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int failed = filter ? load(filter, disallow_subprocesses) : -ENOMEM;
	int listener = failed ? failed : seccomp_notify_fd(filter);
	seccomp_release(filter);
	if (listener >= 0)
		return listener;
	error_set(err, ERROR_UNSUPPORTED,
		"cannot install the seccomp filter: %s; graphene-sim needs a kernel with "
		"CONFIG_SECCOMP_FILTER and user notification (Linux 5.5), and a container that "
		"allows seccomp(2)",
		strerror(-listener));
	return -1;
}
