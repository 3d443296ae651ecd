/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about names: looking them up, their attributes, making, removing and renaming them. */
#include "graphene/sim_fuse.h"

#include "base/cleanup.h"
#include "graphene/sim_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

/* Reading and writing as access(2) counts them. */
#define CAN_WRITE 0222

int sim_fuse_enter(struct sim_fs *fs, struct sim_node *parent, const char *name,
	const struct sim_spot *spot, struct fuse_entry_param *entry)
{
	*entry = (struct fuse_entry_param){ 0 };
	int error = sim_fs_stat(fs, spot, &entry->attr, &entry->attr_timeout);
	if (error)
		return error;
	struct sim_identity identity = { entry->attr.st_dev, entry->attr.st_ino };
	entry->entry_timeout = entry->attr_timeout;
	entry->ino = (fuse_ino_t)sim_nodes_look_up(fs->nodes, parent, name, identity);
	return 0;
}

/* As the last step of a request whose own work gave `error`. */
static void reply_entry(fuse_req_t request, struct sim_node *parent, const char *name, int error)
{
	struct sim_fs *fs = sim_fuse_fs(request);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	struct fuse_entry_param entry;
	if (!error)
		error = sim_fs_find(fs, parent, name, &spot);
	if (!error)
		error = sim_fuse_enter(fs, parent, name, &spot, &entry);
	if (error)
		fuse_reply_err(request, error);
	else if (fuse_reply_entry(request, &entry))
		sim_nodes_forget(fs->nodes, (struct sim_node *)entry.ino, 1);
}

static void look_up(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	(void)fs;
	reply_entry(request, sim_fuse_node(request, parent), name, 0);
}

static void forget(fuse_req_t request, fuse_ino_t number, uint64_t count)
{
	if (number != FUSE_ROOT_ID)
		sim_nodes_forget(
			sim_fuse_fs(request)->nodes, sim_fuse_node(request, number), count);
	fuse_reply_none(request);
}

static void forget_many(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++) {
		if (forgets[i].ino != FUSE_ROOT_ID)
			sim_nodes_forget(sim_fuse_fs(request)->nodes,
				sim_fuse_node(request, forgets[i].ino), forgets[i].nlookup);
	}
	fuse_reply_none(request);
}

/* For files that lost their name, or whose name the host gave to another file. */
static bool stat_open(struct sim_fs *fs, const struct sim_node *node, struct stat *st)
{
	AUTO(auto_close) int fd = sim_nodes_dup_open(fs->nodes, node);
	if (fd < 0 || fstat(fd, st))
		return false;
	(void)sim_protected_stat(fs->protected_files, NULL, st);
	sim_fs_disguise(fs, st);
	return true;
}

static int stat_node(struct sim_fs *fs, struct sim_node *node, struct stat *st, double *fresh_for)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	*fresh_for = 0;
	int error = sim_fs_find(fs, node, NULL, &spot);
	if (!error)
		error = sim_fs_stat(fs, &spot, st, fresh_for);
	if (!error &&
		sim_nodes_is(fs->nodes, node, (struct sim_identity){ st->st_dev, st->st_ino }))
		return 0;
	struct stat open;
	if (stat_open(fs, node, &open)) {
		*fresh_for = 0;
		*st = open;
		return 0;
	}
	return error;
}

static void reply_attr(fuse_req_t request, struct sim_node *node, int error)
{
	struct stat st;
	double fresh_for;
	if (!error)
		error = stat_node(sim_fuse_fs(request), node, &st, &fresh_for);
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_attr(request, &st, fresh_for);
}

static void get_attr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)info;
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	(void)fs;
	reply_attr(request, sim_fuse_node(request, number), 0);
}

static struct timespec wanted_time(bool is_set, bool is_now, const struct timespec *time)
{
	if (!is_set)
		return (struct timespec){ 0, UTIME_OMIT };
	return is_now ? (struct timespec){ 0, UTIME_NOW } : *time;
}

/* What of a change is not left to the host. */
static int change_protected_file(
	struct sim_fs *fs, const struct sim_spot *spot, const struct stat *wanted, int *what)
{
	struct sim_protected_name name = sim_fs_protected_name(spot);
	int error = 0;
	if (*what & FUSE_SET_ATTR_SIZE)
		error = sim_protected_truncate(
			fs->protected_files, &name, (uint64_t)wanted->st_size);
	*what &= ~FUSE_SET_ATTR_SIZE;
	if (!error && *what & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME))
		error = sim_protected_settle(fs->protected_files, spot->host);
	return error;
}

static int change_host_file(const char *host, const struct stat *wanted, int what)
{
	if (what & FUSE_SET_ATTR_SIZE && truncate(host, wanted->st_size))
		return errno;
	if (what & FUSE_SET_ATTR_MODE && chmod(host, wanted->st_mode & SIM_FUSE_PERMISSIONS))
		return errno;
	struct timespec times[2] = {
		wanted_time(what & FUSE_SET_ATTR_ATIME, what & FUSE_SET_ATTR_ATIME_NOW,
			&wanted->st_atim),
		wanted_time(what & FUSE_SET_ATTR_MTIME, what & FUSE_SET_ATTR_MTIME_NOW,
			&wanted->st_mtim),
	};
	if (what & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME) &&
		utimensat(AT_FDCWD, host, times, 0))
		return errno;
	return 0;
}

/*
 * Owners are not the host's business: chown is accepted without effect. So is everything on
 * /dev/attestation, where O_TRUNC has none (spec graphene-attestation.md clause 1).
 */
static int change_spot(
	struct sim_fs *fs, const struct sim_spot *spot, const struct stat *wanted, int what)
{
	int relevant = what & (FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_ATIME |
				      FUSE_SET_ATTR_MTIME);
	if (!relevant || spot->special)
		return 0;
	if (spot->place.mount->kind == SIM_MOUNT_ATTESTATION)
		return relevant == FUSE_SET_ATTR_SIZE ? 0 : EACCES;
	struct stat st;
	int error = sim_fs_stat(fs, spot, &st, NULL);
	if (!error && !(spot->host && S_ISDIR(st.st_mode)))
		error = sim_fs_check(fs, spot, SIM_WRITE);
	if (!error && spot->key_name && !S_ISDIR(st.st_mode))
		error = change_protected_file(fs, spot, wanted, &relevant);
	return error ? error : change_host_file(sim_path_on_host(spot->host), wanted, relevant);
}

/* An open file may have lost its name; its handle was checked when it was opened. */
static int change_open_file(const struct sim_open_file *file, const struct stat *wanted, int what)
{
	if (file->pseudo || !(what & FUSE_SET_ATTR_SIZE))
		return 0;
	if (file->protected_file)
		return sim_protected_resize(file->protected_file, (uint64_t)wanted->st_size);
	return ftruncate(file->host->fd, wanted->st_size) ? errno : 0;
}

static void set_attr(fuse_req_t request, fuse_ino_t number, struct stat *wanted, int what,
	struct fuse_file_info *info)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct sim_node *node = sim_fuse_node(request, number);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = 0;
	if (info) {
		error = change_open_file(sim_fuse_open_file(info), wanted, what);
		what &= ~FUSE_SET_ATTR_SIZE;
	}
	if (!error && sim_fs_find(fs, node, NULL, &spot) == 0)
		error = change_spot(fs, &spot, wanted, what);
	reply_attr(request, node, error);
}

/* What open would refuse shows here, too: writing to trusted files and to what we made up. */
static int check_access(struct sim_fs *fs, struct sim_node *node, int mask)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	struct stat st;
	int error = sim_fs_find(fs, node, NULL, &spot);
	if (!error)
		error = sim_fs_stat(fs, &spot, &st, NULL);
	if (error)
		return error;
	if (mask & W_OK &&
		(!(st.st_mode & CAN_WRITE) ||
			(spot.host && !S_ISDIR(st.st_mode) && !spot.special && !spot.key_name &&
				sim_policy_judge(fs->policy, spot.host) == SIM_TRUSTED)))
		return EACCES;
	if (!spot.host || spot.special || sim_fs_is_busy(fs, &spot))
		return 0;
	return access(sim_path_on_host(spot.host), mask) ? errno : 0;
}

static void check(fuse_req_t request, fuse_ino_t number, int mask)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	fuse_reply_err(request, check_access(fs, sim_fuse_node(request, number), mask));
}

static void read_link(fuse_req_t request, fuse_ino_t number)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = sim_fs_find(fs, sim_fuse_node(request, number), NULL, &spot);
	if (!error && spot.place.mount->kind != SIM_MOUNT_LINK)
		error = EINVAL;
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_readlink(request, spot.place.mount->target);
}

/* Folders are not restricted (spec graphene-manifest.md clause 7). */
static void make_folder(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct sim_node *node = sim_fuse_node(request, parent);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = sim_fs_find(fs, node, name, &spot);
	if (!error && !spot.host)
		error = EACCES;
	if (!error && mkdir(spot.host, mode & SIM_FUSE_PERMISSIONS))
		error = errno;
	reply_entry(request, node, name, error);
}

static int make_protected_file(struct sim_fs *fs, const struct sim_spot *spot, mode_t mode)
{
	struct sim_protected_name name = sim_fs_protected_name(spot);
	struct sim_protected_file *file;
	int fd;
	int error = sim_protected_open(fs->protected_files, &name, O_CREAT | O_EXCL | O_WRONLY,
		mode & SIM_FUSE_PERMISSIONS, &file, &fd);
	if (error)
		return error;
	close(fd);
	sim_protected_close(file);
	return 0;
}

static int make_file(struct sim_fs *fs, const struct sim_spot *spot, mode_t mode)
{
	if (spot->key_name)
		return make_protected_file(fs, spot, mode);
	int error = sim_fs_check(fs, spot, SIM_CREATE);
	if (error)
		return error;
	AUTO(auto_close)
	int fd = open(
		spot->host, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode & SIM_FUSE_PERMISSIONS);
	return fd < 0 ? errno : 0;
}

static int make_node(struct sim_fs *fs, struct sim_node *parent, const char *name, mode_t mode)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = sim_fs_find(fs, parent, name, &spot);
	if (error)
		return error;
	if (S_ISREG(mode))
		return make_file(fs, &spot, mode);
	if (!S_ISFIFO(mode) && !S_ISSOCK(mode))
		return EINVAL;
	if (!spot.host)
		return EACCES;
	sim_nodes_add_special(fs->nodes, parent, name, mode);
	return 0;
}

static void make(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
	(void)device;
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct sim_node *node = sim_fuse_node(request, parent);
	reply_entry(request, node, name, make_node(fs, node, name, mode));
}

static int remove_file(struct sim_fs *fs, const struct sim_spot *spot)
{
	if (spot->special)
		return 0;
	int error = sim_fs_check(fs, spot, SIM_WRITE);
	if (!error && sim_fs_is_busy(fs, spot))
		error = EBUSY;
	if (!error && spot->key_name)
		return sim_protected_unlink(fs->protected_files, spot->host);
	if (!error && unlink(spot->host))
		error = errno;
	return error;
}

static int remove_folder(struct sim_fs *fs, const struct sim_spot *spot)
{
	if (!spot->host)
		return EACCES;
	if (sim_fs_is_busy(fs, spot))
		return EBUSY;
	return rmdir(spot->host) ? errno : 0;
}

static int remove_name(struct sim_fs *fs, struct sim_node *parent, const char *name,
	int (*remove_spot)(struct sim_fs *, const struct sim_spot *))
{
	AUTO(sim_fs_unlock) struct sim_fs *locked = sim_fs_lock_for_change(fs);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = sim_fs_find(locked, parent, name, &spot);
	if (!error)
		error = remove_spot(fs, &spot);
	if (!error)
		sim_nodes_remove(fs->nodes, parent, name);
	return error;
}

static void unlink_file(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(request, remove_name(sim_fuse_fs(request), sim_fuse_node(request, parent),
					name, remove_file));
}

static void unlink_folder(fuse_req_t request, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(request, remove_name(sim_fuse_fs(request), sim_fuse_node(request, parent),
					name, remove_folder));
}

static bool have_same_key(const struct sim_spot *a, const struct sim_spot *b)
{
	if (!a->key_name || !b->key_name)
		return !a->key_name && !b->key_name;
	return !strcmp(a->key_name, b->key_name);
}

/* A folder moves only as a whole that the policy leaves to the application. */
static int check_rename(struct sim_fs *fs, const struct sim_spot *from, const struct sim_spot *to)
{
	struct stat st;
	if (from->special || !from->host || !to->host)
		return EACCES;
	if (from->place.mount != to->place.mount)
		return EXDEV;
	if (sim_fs_is_busy(fs, from) || sim_fs_is_busy(fs, to))
		return EBUSY;
	if (stat(from->host, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return !from->key_name && !to->key_name &&
				       sim_policy_allows_folder(fs->policy, from->host) &&
				       sim_policy_allows_folder(fs->policy, to->host)
			       ? 0
			       : EACCES;
	/* then programs copy, which encrypts */
	if (!have_same_key(from, to))
		return EXDEV;
	int error = sim_fs_check(fs, from, SIM_WRITE);
	return error ? error : sim_fs_check(fs, to, stat(to->host, &st) ? SIM_CREATE : SIM_WRITE);
}

static int rename_spot(struct sim_fs *fs, const struct sim_spot *from, const struct sim_spot *to)
{
	if (!from->key_name)
		return rename(from->host, to->host) ? errno : 0;
	struct sim_protected_name name = sim_fs_protected_name(from);
	return sim_protected_rename(fs->protected_files, &name, to->host);
}

static int rename_name(struct sim_fs *fs, struct sim_node *parent, const char *name,
	struct sim_node *new_parent, const char *new_name)
{
	AUTO(sim_fs_unlock) struct sim_fs *locked = sim_fs_lock_for_change(fs);
	AUTO(sim_spot_free) struct sim_spot from = { 0 };
	AUTO(sim_spot_free) struct sim_spot to = { 0 };
	int error = sim_fs_find(locked, parent, name, &from);
	if (!error)
		error = sim_fs_find(fs, new_parent, new_name, &to);
	if (!error)
		error = check_rename(fs, &from, &to);
	if (!error)
		error = rename_spot(fs, &from, &to);
	if (!error)
		sim_nodes_rename(fs->nodes, parent, name, new_parent, new_name);
	return error;
}

static void move(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned flags)
{
	/* renameat2 is not there (spec graphene-process-model.md clause 10) */
	fuse_reply_err(
		request, flags ? EINVAL
			       : rename_name(sim_fuse_fs(request), sim_fuse_node(request, parent),
					 name, sim_fuse_node(request, new_parent), new_name));
}

static void stat_fs(fuse_req_t request, fuse_ino_t number)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	struct statvfs st;
	int error = sim_fs_find(fs, sim_fuse_node(request, number), NULL, &spot);
	if (!error && statvfs(spot.host ? sim_path_on_host(spot.host) : ".", &st))
		error = errno;
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_statfs(request, &st);
}

void sim_fuse_add_name_operations(struct fuse_lowlevel_ops *operations)
{
	operations->lookup = look_up;
	operations->forget = forget;
	operations->forget_multi = forget_many;
	operations->getattr = get_attr;
	operations->setattr = set_attr;
	operations->access = check;
	operations->readlink = read_link;
	operations->mkdir = make_folder;
	operations->mknod = make;
	operations->unlink = unlink_file;
	operations->rmdir = unlink_folder;
	operations->rename = move;
	operations->statfs = stat_fs;
}
