/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_fs.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Trusted files and what we make up do not change; of host folders the kernel may keep names for a
 * moment; everything else is asked for each time, because the host may change it at any time.
 */
#define FRESH_FOREVER 86400.0
#define FRESH_FOLDER  1.0
#define FRESH_NEVER   0.0

void sim_fs_set_up(struct sim_fs *fs)
{
	pthread_rwlockattr_t attributes;
	fs->nodes = sim_nodes_new();
	/* an application that never stops looking must not keep a rename waiting for ever */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&fs->names, &attributes);
	pthread_rwlockattr_destroy(&attributes);
}

void sim_spot_free(struct sim_spot *spot)
{
	free(spot->path);
	free(spot->host);
	*spot = (struct sim_spot){ 0 };
}

static const char *key_name_of(const struct sim_fs *fs, const struct sim_spot *spot)
{
	const char *of_mount = spot->place.mount->key_name;
	return of_mount ? of_mount : sim_policy_key_name(fs->policy, spot->host);
}

static bool is_side_of_protected(const struct sim_fs *fs, const struct sim_spot *spot)
{
	size_t length;
	if (!sim_protected_is_side(spot->host, &length))
		return false;
	AUTO(auto_free) char *main_path = xstrndup(spot->host, length);
	return spot->place.mount->key_name || sim_policy_key_name(fs->policy, main_path);
}

int sim_fs_find(
	struct sim_fs *fs, const struct sim_node *node, const char *name, struct sim_spot *spot)
{
	spot->path = sim_nodes_path(fs->nodes, node, name);
	if (!spot->path)
		return ENOENT;
	spot->special = sim_nodes_special(fs->nodes, node, name);
	spot->place = sim_tree_find(fs->tree, spot->path);
	if (spot->place.mount->kind != SIM_MOUNT_HOST)
		return 0;
	spot->host = sim_place_on_host(&spot->place);
	spot->key_name = key_name_of(fs, spot);
	return is_side_of_protected(fs, spot) ? ENOENT : 0;
}

struct sim_protected_name sim_fs_protected_name(const struct sim_spot *spot)
{
	return (struct sim_protected_name){ spot->host, spot->key_name,
		spot->place.mount->enable_recovery };
}

static void make_up(
	const struct sim_fs *fs, const struct sim_spot *spot, mode_t mode, struct stat *st)
{
	*st = (struct stat){
		.st_ino = sim_path_hash(0, spot->path),
		.st_mode = mode,
		.st_nlink = S_ISDIR(mode) ? 2 : 1,
		.st_uid = fs->uid,
		.st_gid = fs->gid,
		.st_blksize = 4096,
	};
	if (S_ISLNK(mode))
		st->st_size = (off_t)strlen(spot->place.mount->target);
}

void sim_fs_disguise(const struct sim_fs *fs, struct stat *st)
{
	/* one number for what host file systems tell apart by their device */
	st->st_ino ^= (st->st_dev & 0xffff) << 48 ^ st->st_dev << 24;
	st->st_uid = fs->uid;
	st->st_gid = fs->gid;
}

/* 0 if there is something that the host does not know, made up from the table of mounts. */
static mode_t made_up_mode(const struct sim_fs *fs, const struct sim_spot *spot)
{
	const struct sim_mount *mount = spot->place.mount;
	bool at_mount = !*spot->place.below;
	if (spot->special)
		return spot->special;
	switch (mount->kind) {
	case SIM_MOUNT_LINK:
		return at_mount ? S_IFLNK | 0777 : 0;
	case SIM_MOUNT_ATTESTATION:
		return sim_attestation_mode(fs->attestation, spot->place.below);
	case SIM_MOUNT_DEVICE:
		return !at_mount ? 0 : mount->host_is_folder ? S_IFDIR | 0555 : S_IFREG | 0444;
	case SIM_MOUNT_HOST:
		at_mount = false;
		break;
	default:
		break;
	}
	return at_mount || sim_tree_has_mounts_below(fs->tree, spot->path) ? S_IFDIR | 0555 : 0;
}

/* Nobody but this process changes protected files; one without key may get it at any time. */
static double stat_protected(struct sim_fs *fs, const struct sim_spot *spot, struct stat *st)
{
	struct sim_protected_name name = sim_fs_protected_name(spot);
	return sim_protected_stat(fs->protected_files, &name, st) ? FRESH_FOLDER : FRESH_NEVER;
}

static double freshness(const struct sim_fs *fs, const struct sim_spot *spot, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return FRESH_FOLDER;
	return sim_policy_judge(fs->policy, spot->host) == SIM_TRUSTED &&
			       sim_policy_is_unchanged(fs->policy, spot->host, st)
		       ? FRESH_FOREVER
		       : FRESH_NEVER;
}

int sim_fs_stat(struct sim_fs *fs, const struct sim_spot *spot, struct stat *st, double *fresh_for)
{
	bool on_host = spot->host && !spot->special && !stat(sim_path_on_host(spot->host), st);
	int error = spot->host && !on_host ? errno : ENOENT;
	/* folders of the host come first, what is made up before all else */
	mode_t mode = on_host && S_ISDIR(st->st_mode) ? 0 : made_up_mode(fs, spot);
	if (!mode && !on_host)
		return error;
	double fresh = mode ? (spot->host ? FRESH_FOLDER : FRESH_FOREVER)
		       : spot->key_name && S_ISREG(st->st_mode) ? stat_protected(fs, spot, st)
								: freshness(fs, spot, st);
	if (fresh_for)
		*fresh_for = fresh;
	if (mode)
		make_up(fs, spot, mode, st);
	else
		sim_fs_disguise(fs, st);
	return 0;
}

bool sim_fs_is_busy(const struct sim_fs *fs, const struct sim_spot *spot)
{
	return !*spot->place.below || sim_tree_has_mounts_below(fs->tree, spot->path);
}

int sim_fs_check(const struct sim_fs *fs, const struct sim_spot *spot, enum sim_access access)
{
	if (!spot->host)
		return EACCES;
	return spot->key_name ? 0 : sim_policy_check(fs->policy, spot->host, access);
}

struct sim_fs *sim_fs_lock(struct sim_fs *fs)
{
	pthread_rwlock_rdlock(&fs->names);
	return fs;
}

struct sim_fs *sim_fs_lock_for_change(struct sim_fs *fs)
{
	pthread_rwlock_wrlock(&fs->names);
	return fs;
}

void sim_fs_unlock(struct sim_fs **fs)
{
	pthread_rwlock_unlock(&(*fs)->names);
}
