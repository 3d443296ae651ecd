/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_mounts.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One detached mount per mount of the tree, -1 where there is none. */
struct sources {
	int *fds;
	size_t count;
};

static struct sources new_sources(const struct sim_tree *tree)
{
	struct sources sources = { xcalloc(tree->count, sizeof(int)), tree->count };
	for (size_t i = 0; i < sources.count; i++)
		sources.fds[i] = -1;
	return sources;
}

static void free_sources(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		auto_close(&sources->fds[i]);
	free(sources->fds);
}

/* Where the kernel is to look from the new root, which is the current folder. */
static const char *from_root(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int clone_mount(const char *path)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/*
 * Devices come from the host's tree, which will be out of sight. One that Graphene makes, but this
 * host lacks, stays an empty file that cannot be opened.
 */
static bool take_devices(const struct sim_tree *tree, struct sources *sources, struct error *err)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct sim_mount *mount = &tree->mounts[i];
		if (mount->kind != SIM_MOUNT_DEVICE)
			continue;
		sources->fds[i] = clone_mount(mount->target);
		if (sources->fds[i] < 0 && errno != ENOENT)
			return error_errno(err, "cannot take over %s", mount->target);
	}
	return true;
}

static int make_tmpfs(struct error *err)
{
	static const char *const options[][2] = { { "source", "tmpfs" }, { "mode", "0777" },
		{ NULL, NULL } };
	return namespace_make_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
}

/* Read-only, or an application of root's, who is root on the host, too, could set its sysctls. */
static int make_proc(struct error *err)
{
	static const char *const options[][2] = { { "source", "proc" }, { NULL, NULL } };
	int proc = namespace_make_mount("proc", options,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
	if (proc < 0)
		error_prefix(err,
			"a PID namespace needs a /proc of its own, which the kernel allows where "
			"/proc is not masked; for a container, --security-opt "
			"systempaths=unconfined");
	return proc;
}

/* The launcher has it before it serves anything, to tell from the start who asks. */
static bool take_proc(
	const struct sim_tree *tree, struct sources *sources, int channel, struct error *err)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (tree->mounts[i].kind != SIM_MOUNT_PROC)
			continue;
		sources->fds[i] = make_proc(err);
		return sources->fds[i] >= 0 && sim_channel_send(channel, sources->fds[i], err);
	}
	return true;
}

/* Puts a mount over what is the root so far and makes it the current folder. */
static bool change_to(int root, const char *over, struct error *err)
{
	return namespace_attach(root, over, err) &&
	       (!fchdir(root) || error_errno(err, "cannot change to the new root"));
}

static bool mount_fuse(const struct namespace_ids *ids, int channel, struct error *err)
{
	AUTO(auto_close) int device = namespace_open_fuse(err);
	AUTO(auto_close)
	int root = device < 0 ? -1 : namespace_make_fuse("graphene-sim", device, ids, false, err);
	/* sent first, as even changing to the new root asks who serves it */
	return root >= 0 && sim_channel_send(channel, device, err) && change_to(root, "/", err);
}

static bool is_on_native(const struct sim_tree *tree, const struct sim_mount *mount)
{
	const struct sim_mount *base = sim_tree_base(tree, mount);
	return base && base->kind >= SIM_MOUNT_TMPFS;
}

/* What a native mount will hide, but FUSE serves, is taken out to be put back on top. */
static bool take_hidden(const struct sim_tree *tree, struct sources *sources, struct error *err)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct sim_mount *mount = &tree->mounts[i];
		if (mount->kind >= SIM_MOUNT_TMPFS || !is_on_native(tree, mount))
			continue;
		sources->fds[i] = clone_mount(from_root(mount->path));
		if (sources->fds[i] < 0)
			return error_errno(err, "cannot take over what is on %s", mount->path);
	}
	return true;
}

/* FUSE shows a place for each mount by itself; in a tmpfs it has to be made. */
static bool make_place(const char *path, bool is_folder, struct error *err)
{
	if (!access(path, F_OK))
		return true;
	AUTO(auto_free) char *copy = xstrdup(path);
	for (char *end = strchr(copy, '/'); end; end = strchr(end + 1, '/')) {
		*end = 0;
		if (mkdir(copy, 0755) && errno != EEXIST)
			return error_errno(err, "cannot make folder %s", copy);
		*end = '/';
	}
	if (is_folder && (!mkdir(copy, 0755) || errno == EEXIST))
		return true;
	AUTO(auto_close) int fd = is_folder ? -1 : open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	return fd >= 0 || error_errno(err, "cannot make a place to mount on %s", path);
}

static bool source_is_folder(int source)
{
	struct stat st;
	return source < 0 || (!fstat(source, &st) && S_ISDIR(st.st_mode));
}

static bool mount_one(
	const struct sim_tree *tree, const struct sim_mount *mount, int *source, struct error *err)
{
	const char *path = from_root(mount->path);
	if (is_on_native(tree, mount) && !make_place(path, source_is_folder(*source), err))
		return false;
	if (mount->kind == SIM_MOUNT_TMPFS)
		*source = make_tmpfs(err);
	if (mount->kind == SIM_MOUNT_TMPFS && *source < 0)
		return false;
	if (mount == tree->mounts && *source >= 0)
		return change_to(*source, path, err);
	return *source < 0 || namespace_attach(*source, path, err);
}

/* Everything that stands under the new root goes there while both roots can be seen. */
static bool mount_tree(const struct sim_tree *tree, struct sources *sources, struct error *err)
{
	for (size_t i = 0; i < tree->count; i++) {
		if (!mount_one(tree, &tree->mounts[i], &sources->fds[i], err))
			return error_prefix(err, "mount %s", tree->mounts[i].path);
	}
	return true;
}

/* The old root is stacked under the new one and then dropped with all its mounts. */
static bool drop_old_root(struct error *err)
{
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		return error_errno(err, "cannot change the root folder");
	return true;
}

bool sim_mounts_enter(const struct sim_tree *tree, const struct namespace_ids *ids, int channel,
	struct error *err)
{
	AUTO(free_sources) struct sources sources = new_sources(tree);
	return namespace_separate_mounts(err) && take_devices(tree, &sources, err) &&
	       take_proc(tree, &sources, channel, err) && mount_fuse(ids, channel, err) &&
	       take_hidden(tree, &sources, err) && mount_tree(tree, &sources, err) &&
	       drop_old_root(err);
}
