/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about open folders: what the host has there, what is mounted there, what we made up. */
#include "graphene/sim_fuse.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strmap.h"
#include "graphene/sim_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What a folder says about a name in it. */
struct name_info {
	mode_t type; /* S_IF…; 0 for unknown */
	ino_t inode;
};

/* The names of a folder at the time of its opening or rewinding, with a struct name_info each. */
struct open_folder {
	struct strmap names;
	bool is_read;
};

DEFINE_AUTO_FREE(auto_closedir, DIR *, closedir)

static struct open_folder *folder_of(const struct fuse_file_info *info)
{
	return (struct open_folder *)info->fh;
}

static void free_folder(struct open_folder *folder)
{
	strmap_free(&folder->names, free);
	free(folder);
}

static void add_name(struct open_folder *folder, const char *name, mode_t mode, ino_t inode)
{
	struct name_info *info = xmalloc(sizeof(*info));
	*info = (struct name_info){ mode & S_IFMT, inode };
	strmap_add(&folder->names, name, info);
}

/* The type of a host's entry; of a symbolic link that of what it leads to, as links are followed.
 */
static mode_t type_of_entry(DIR *entries, const struct dirent *entry)
{
	struct stat st;
	if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return DTTOIF(entry->d_type);
	return fstatat(dirfd(entries), entry->d_name, &st, 0) ? 0 : st.st_mode & S_IFMT;
}

/* Only these need another look: most names are none of them. */
static bool is_hidden(struct sim_fs *fs, struct sim_node *node, const char *name)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	return sim_protected_is_side(name, NULL) && sim_fs_find(fs, node, name, &spot);
}

static int add_host_names(
	struct sim_fs *fs, struct sim_node *node, struct open_folder *folder, const char *host)
{
	struct stat own;
	AUTO(auto_closedir) DIR *entries = opendir(sim_path_on_host(host));
	if (!entries || fstat(dirfd(entries), &own))
		return errno;
	errno = 0;
	for (struct dirent *entry; (entry = readdir(entries)); errno = 0) {
		struct stat st = { .st_dev = own.st_dev, .st_ino = entry->d_ino };
		sim_fs_disguise(fs, &st);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			!is_hidden(fs, node, entry->d_name))
			add_name(folder, entry->d_name, type_of_entry(entries, entry), st.st_ino);
	}
	return errno;
}

/* Of a name that is not on the host, or hides what is there. Takes the name over. */
static void add_own_name(
	struct sim_fs *fs, struct sim_node *node, char *name, struct open_folder *folder)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	struct stat st;
	if (!sim_fs_find(fs, node, name, &spot) && !sim_fs_stat(fs, &spot, &st, NULL))
		add_name(folder, name, st.st_mode, st.st_ino);
	free(name);
}

/* These come behind the host's, so that they stay when strmap_sort drops doubles. */
static void add_own_names(struct sim_fs *fs, struct sim_node *node, const struct sim_spot *spot,
	struct open_folder *folder)
{
	char *name;
	const char *pseudo;
	for (size_t i = 0; (name = sim_nodes_special_name(fs->nodes, node, i)); i++)
		add_own_name(fs, node, name, folder);
	for (size_t next = 0; (name = sim_tree_next_name(fs->tree, spot->path, &next));)
		add_own_name(fs, node, name, folder);
	if (spot->place.mount->kind != SIM_MOUNT_ATTESTATION)
		return;
	for (size_t i = 0; (pseudo = sim_attestation_entry(fs->attestation, spot->place.below, i));
		i++)
		add_own_name(fs, node, xstrdup(pseudo), folder);
}

static int read_names(struct sim_fs *fs, struct sim_node *node, struct open_folder *folder)
{
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	strmap_free(&folder->names, free);
	folder->names = (struct strmap){ 0 };
	add_name(folder, ".", S_IFDIR, 1);
	add_name(folder, "..", S_IFDIR, 1);
	int error = sim_fs_find(fs, node, NULL, &spot);
	if (!error && spot.host) {
		error = add_host_names(fs, node, folder, spot.host);
		/* the host need not have a folder that leads to a mount */
		if (error && sim_tree_has_mounts_below(fs->tree, spot.path))
			error = 0;
	}
	if (error)
		return error;
	add_own_names(fs, node, &spot, folder);
	strmap_sort(&folder->names, free);
	folder->is_read = true;
	return 0;
}

static void open_folder(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct open_folder *folder = xcalloc(1, sizeof(*folder));
	int error = read_names(fs, sim_fuse_node(request, number), folder);
	info->fh = (uint64_t)folder;
	if (error)
		fuse_reply_err(request, error);
	if (error || fuse_reply_open(request, info))
		free_folder(folder);
}

/* Fills at most size bytes with the entries from position `next` on. */
static size_t put_entries(
	fuse_req_t request, const struct open_folder *folder, size_t next, char *out, size_t size)
{
	size_t used = 0;
	for (; next < folder->names.count; next++) {
		const struct strmap_entry *entry = &folder->names.entries[next];
		const struct name_info *info = entry->value;
		struct stat st = { .st_ino = info->inode, .st_mode = info->type };
		size_t length = fuse_add_direntry(
			request, out + used, size - used, entry->name, &st, (off_t)(next + 1));
		if (length > size - used)
			break;
		used += length;
	}
	return used;
}

static void read_folder(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
	struct fuse_file_info *info)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct open_folder *folder = folder_of(info);
	int error = 0;
	/* who rewinds wants to see what is there now */
	if (!offset && !folder->is_read)
		error = read_names(fs, sim_fuse_node(request, number), folder);
	folder->is_read = false;
	if (error) {
		fuse_reply_err(request, error);
		return;
	}
	AUTO(auto_free) char *out = xmalloc(size);
	fuse_reply_buf(request, out, put_entries(request, folder, (size_t)offset, out, size));
}

static void release_folder(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	free_folder(folder_of(info));
	fuse_reply_err(request, 0);
}

static int sync_host_folder(const char *host)
{
	AUTO(auto_close) int fd = open(sim_path_on_host(host), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? errno : 0;
}

static void sync_folder(
	fuse_req_t request, fuse_ino_t number, int only_data, struct fuse_file_info *info)
{
	(void)only_data;
	(void)info;
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	int error = sim_fs_find(fs, sim_fuse_node(request, number), NULL, &spot);
	if (!error && spot.host)
		error = sync_host_folder(spot.host);
	fuse_reply_err(request, error);
}

void sim_fuse_add_folder_operations(struct fuse_lowlevel_ops *operations)
{
	operations->opendir = open_folder;
	operations->readdir = read_folder;
	operations->releasedir = release_folder;
	operations->fsyncdir = sync_folder;
}
