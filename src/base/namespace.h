/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces and mounts for programs that give others a view of their own, without privileges on
 * the host; where the host does not allow that, errors say how it is allowed.
 */
#ifndef BASE_NAMESPACE_H
#define BASE_NAMESPACE_H

#include "base/error.h"

#include <sys/types.h>

/* "WHAT: REASON", by errno, and what the host has to allow. ERROR_UNSUPPORTED. Returns false. */
bool namespace_refuse(const char *what, struct error *err);

/* One user and one group: as whom this process sees itself, and who it is on the host. */
struct namespace_ids {
	uid_t uid;
	gid_t gid;
	uid_t host_uid;
	gid_t host_gid;
};

/* To be called in a new user namespace. */
bool namespace_map_ids(const struct namespace_ids *ids, struct error *err);

/* From now on mounts of this process's namespace are its own. */
bool namespace_separate_mounts(struct error *err);

/*
 * A new mount that is not attached to anything, owned by the caller; -1 on error. Options are pairs
 * of name and value, a value of NULL is a flag; they end with a name of NULL. `flags` are
 * MOUNT_ATTR_….
 */
int namespace_make_mount(
	const char *type, const char *const options[][2], unsigned flags, struct error *err);

/*
 * As namespace_make_mount for a FUSE file system, which whoever reads `device` serves. `device` is
 * from namespace_open_fuse, called in the same user namespace, or the kernel refuses the mount.
 * With `for_all` other users than its owner have access, as far as the modes of its files say.
 */
int namespace_make_fuse(const char *source, int device, const struct namespace_ids *ids,
	bool for_all, struct error *err);
/* -1 on error, with the remedy. */
int namespace_open_fuse(struct error *err);

bool namespace_attach(int mount, const char *path, struct error *err);

#endif
