/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the application can name: the mounts of the manifest (spec graphene-manifest.md clause 6)
 * with those that Graphene always makes, as one table from paths inside to what stands there. Text
 * alone; whether a host file exists is for the caller to ask.
 */
#ifndef GRAPHENE_SIM_TREE_H
#define GRAPHENE_SIM_TREE_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <stdbool.h>
#include <stddef.h>

enum sim_mount_kind {
	SIM_MOUNT_HOST,        /* a host file or folder under the file policy, or encrypted */
	SIM_MOUNT_FOLDER,      /* an empty folder for mounts below it (/dev, /sys) */
	SIM_MOUNT_LINK,        /* a symbolic link (/dev/stdin) */
	SIM_MOUNT_ATTESTATION, /* the pseudo files of /dev/attestation */
	/* the kinds below are mounted natively; the tree only shows the place to mount them on */
	SIM_MOUNT_TMPFS,
	SIM_MOUNT_PROC,
	SIM_MOUNT_DEVICE, /* a file of the host as it is ("dev:" URIs, /dev/null) */
};

struct sim_mount {
	enum sim_mount_kind kind;
	char *path;          /* absolute path inside */
	char *target;        /* HOST, DEVICE: host path; LINK: text of the link; else NULL */
	bool host_is_folder; /* DEVICE: whether the place is a folder or a file */
	char *key_name;      /* HOST: of an encrypted mount; else NULL */
	bool enable_recovery;
};

struct sim_tree {
	struct sim_mount *mounts; /* in the order of mounting; [0] is the root */
	size_t count;
};

/*
 * The mounts of the manifest, after checking that the host has them: ERROR_NOT_FOUND "Looking up
 * mountpoint …". What an encrypted mount shows need not be there yet.
 */
bool sim_tree_build(
	struct sim_tree *tree, const struct graphene_manifest *manifest, struct error *err);
void sim_tree_free(struct sim_tree *tree);

/*
 * The kernel opens the ELF interpreter at its literal path; Graphene looks for its file name in the
 * folders of LD_LIBRARY_PATH (NULL: /lib and /lib64). Mounts what Graphene would find at the
 * literal path (spec graphene-process-model.md clause 2).
 */
void sim_tree_add_interpreters(struct sim_tree *tree, const char *ld_library_path);

/* Where a path inside leads. */
struct sim_place {
	const struct sim_mount *mount;
	const char *below; /* what of the path lies below the mount, "" for the mount itself */
};

/* The last mount that covers the path, as later mounts hide earlier ones. There is always one. */
struct sim_place sim_tree_find(const struct sim_tree *tree, const char *path);

/* Only for SIM_MOUNT_HOST. The host path by which the policy knows the place. The caller frees. */
char *sim_place_on_host(const struct sim_place *place);

/* The mount on which this one stands; NULL for the root. */
const struct sim_mount *sim_tree_base(const struct sim_tree *tree, const struct sim_mount *mount);

/* True if something is mounted below path, so that a folder has to be there. */
bool sim_tree_has_mounts_below(const struct sim_tree *tree, const char *path);

/*
 * The next name that mounts give to the folder `path`: starts at *position 0 and returns NULL after
 * the last one. A name may come more than once. The caller frees.
 */
char *sim_tree_next_name(const struct sim_tree *tree, const char *path, size_t *position);

#endif
