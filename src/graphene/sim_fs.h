/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system of the application, served through FUSE: the tree of mounts, shown from the
 * host's files under the file policy, and /dev/attestation.
 *
 * Host paths may be relative, so the process that serves keeps the launcher's folder.
 */
#ifndef GRAPHENE_SIM_FS_H
#define GRAPHENE_SIM_FS_H

#include "base/error.h"
#include "graphene/sim_attestation.h"
#include "graphene/sim_nodes.h"
#include "graphene/sim_policy.h"
#include "graphene/sim_protected.h"
#include "graphene/sim_tree.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>

struct sim_fs {
	const struct sim_tree *tree;
	const struct sim_policy *policy;
	struct sim_attestation *attestation;
	struct sim_protected *protected_files;
	uid_t uid; /* owner of everything, as the application sees it */
	gid_t gid;
	int proc; /* descriptor of the application's /proc, to tell its processes apart */
	struct sim_nodes *nodes;
	/* Held for reading while a path is in use, for writing while paths change. */
	pthread_rwlock_t names;
};

/* Readies what the fields above do not say. */
void sim_fs_set_up(struct sim_fs *fs);

/* What a path inside means at this moment. */
struct sim_spot {
	char *path;
	struct sim_place place;
	char *host; /* host path if the place is on the host, else NULL */
	/* if files at the place are protected, else NULL; folders are what they are */
	const char *key_name;
	mode_t special; /* of a FIFO or socket, which hides what the host has there; else 0 */
};

void sim_spot_free(struct sim_spot *spot);

/*
 * The spot of a node, or with a name of its child. 0, or ENOENT when the node was removed or is the
 * side file of a protected one.
 */
int sim_fs_find(
	struct sim_fs *fs, const struct sim_node *node, const char *name, struct sim_spot *spot);

/*
 * What stands there, with owner and inode number as the application sees them. 0 or an errno.
 * `fresh_for`, unless NULL, gets the seconds for which the answer may be kept.
 */
int sim_fs_stat(struct sim_fs *fs, const struct sim_spot *spot, struct stat *st, double *fresh_for);

/* The file at a spot that has a key name. */
struct sim_protected_name sim_fs_protected_name(const struct sim_spot *spot);

/* Makes a host's answer to stat that of the application. */
void sim_fs_disguise(const struct sim_fs *fs, struct stat *st);

/* True if the spot is a mount point or has some below: it cannot be removed or renamed. */
bool sim_fs_is_busy(const struct sim_fs *fs, const struct sim_spot *spot);

/*
 * 0 if the host file at the spot may be accessed so, else EACCES. Nothing but host files can be
 * changed by name. Whether a protected file may be accessed is for its key to say.
 */
int sim_fs_check(const struct sim_fs *fs, const struct sim_spot *spot, enum sim_access access);

/* For scopes in which paths are used, or changed; both end with AUTO(sim_fs_unlock). */
struct sim_fs *sim_fs_lock(struct sim_fs *fs);
struct sim_fs *sim_fs_lock_for_change(struct sim_fs *fs);
void sim_fs_unlock(struct sim_fs **fs);

#endif
