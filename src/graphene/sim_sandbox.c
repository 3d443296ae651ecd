/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_sandbox.h"

#include "graphene/sim_channel.h"
#include "graphene/sim_mounts.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC)

/* Each bit with its lock: an application that is uid 0 does not get privileges by exec. */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
		SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |                          \
		SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* Spec graphene-process-model.md clause 1. */
#define HOST_NAME   "localhost"
#define DOMAIN_NAME "(none)"

pid_t sim_sandbox_fork(struct error *err)
{
	pid_t child = (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child < 0)
		namespace_refuse("cannot make namespaces", err);
	/* should the launcher be dead already, the channel to it will tell */
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static bool drop_privileges(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	if (prctl(PR_SET_SECUREBITS, SECURE_BITS) ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return error_errno(err, "cannot give up privileges");
	/* fails at the first capability that this kernel does not have */
	for (unsigned long capability = 0; !prctl(PR_CAPBSET_DROP, capability); capability++)
		;
	if (errno != EINVAL || syscall(SYS_capset, &header, none) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_errno(err, "cannot give up privileges");
	/* nobody in the sandbox, whatever its user, may look into or steer this process */
	if (prctl(PR_SET_DUMPABLE, 0))
		return error_errno(err, "cannot hide PID 1");
	return true;
}

bool sim_sandbox_enter(const struct sim_sandbox *sandbox, int channel, struct error *err)
{
	if (!namespace_map_ids(&sandbox->ids, err))
		return false;
	if (sethostname(HOST_NAME, strlen(HOST_NAME)) ||
		setdomainname(DOMAIN_NAME, strlen(DOMAIN_NAME)))
		return error_errno(err, "cannot set the host name");
	return sim_mounts_enter(sandbox->tree, &sandbox->ids, channel, err) && drop_privileges(err);
}
