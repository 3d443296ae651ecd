/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the root of a new mount namespace: one FUSE file system that shows the tree, and on top of
 * it what the kernel does better itself (tmpfs, /proc, devices).
 */
#ifndef GRAPHENE_SIM_MOUNTS_H
#define GRAPHENE_SIM_MOUNTS_H

#include "base/namespace.h"
#include "graphene/sim_tree.h"

/*
 * Changes to the new root, out of reach of the old one. Sends through the channel its /proc, then
 * the descriptor of the FUSE file system, and from there on waits for that to be served.
 */
bool sim_mounts_enter(const struct sim_tree *tree, const struct namespace_ids *ids, int channel,
	struct error *err);

#endif
