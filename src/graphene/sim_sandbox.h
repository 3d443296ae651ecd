/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the application runs in: namespaces of its own (user, mount, PID, UTS, IPC), the tree of
 * mounts as its root, no privileges. The network is the host's.
 */
#ifndef GRAPHENE_SIM_SANDBOX_H
#define GRAPHENE_SIM_SANDBOX_H

#include "base/namespace.h"
#include "graphene/sim_tree.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Forks into new namespaces. Returns 0 in the child, which is PID 1 there and dies with the calling
 * thread; the child's PID in the caller; -1 on error. To be called while there is one thread.
 */
pid_t sim_sandbox_fork(struct error *err);

struct sim_sandbox {
	const struct sim_tree *tree;
	struct namespace_ids ids; /* of the application; on the host it is the launcher's */
};

/*
 * Called by the child. Sends through the channel what sim_mounts_enter sends. Afterwards the
 * process is confined.
 */
bool sim_sandbox_enter(const struct sim_sandbox *sandbox, int channel, struct error *err);

#endif
