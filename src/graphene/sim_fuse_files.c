/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about open files: host files under the policy, and the pseudo files of attestation. */
#include "graphene/sim_fuse.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/sim_path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

/* Flags of open that make a difference to the host's file. */
#define HOST_FLAGS (O_ACCMODE | O_TRUNC | O_CREAT | O_EXCL | O_SYNC | O_DSYNC)

static void close_file(struct sim_fs *fs, struct sim_open_file *file)
{
	if (file->protected_file)
		sim_protected_close(file->protected_file);
	if (file->host)
		sim_nodes_drop_handle(fs->nodes, file->host);
	sim_pseudo_file_close(file->pseudo);
	free(file->trusted);
	free(file);
}

/* Pseudo files have no size, so the kernel must not look at it before it reads. */
static int open_pseudo(fuse_req_t request, const struct sim_spot *spot, struct fuse_file_info *info)
{
	struct sim_process process;
	if (!sim_fuse_process(request, &process))
		return EACCES;
	struct sim_pseudo_file *pseudo = sim_pseudo_file_open(
		sim_fuse_fs(request)->attestation, spot->place.below, info->flags, &process);
	if (!pseudo)
		return errno;
	struct sim_open_file *file = xcalloc(1, sizeof(*file));
	file->pseudo = pseudo;
	info->fh = (uint64_t)file;
	info->direct_io = 1;
	return 0;
}

static void report_changed(const char *host)
{
	log_error("Trusted file was changed after it was verified", "file", host);
}

/*
 * What was opened must be what was judged: a regular file, and for a trusted one the file that was
 * hashed. The kernel may keep the content of trusted files from one open to the next.
 */
static int check_opened(
	const struct sim_fs *fs, const char *host, int fd, struct fuse_file_info *info)
{
	struct stat st;
	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	if (sim_policy_judge(fs->policy, host) != SIM_TRUSTED)
		return 0;
	if (!sim_policy_is_unchanged(fs->policy, host, &st)) {
		report_changed(host);
		return EACCES;
	}
	info->keep_cache = 1;
	return 0;
}

/* What opening a host file gives. */
struct opened {
	int fd;
	struct sim_protected_file *protected_file; /* NULL if it is not protected */
};

static void drop_opened(struct opened *opened)
{
	auto_close(&opened->fd);
	if (opened->protected_file)
		sim_protected_close(opened->protected_file);
}

/* With O_CREAT in the flags, `mode` is that of the new file. */
static int open_host(struct sim_fs *fs, const struct sim_spot *spot, mode_t mode,
	struct fuse_file_info *info, struct opened *opened)
{
	if (spot->key_name) {
		struct sim_protected_name name = sim_fs_protected_name(spot);
		return sim_protected_open(fs->protected_files, &name, info->flags,
			mode & SIM_FUSE_PERMISSIONS, &opened->protected_file, &opened->fd);
	}
	enum sim_access access = SIM_READ;
	if (info->flags & O_CREAT)
		access = SIM_CREATE;
	else if ((info->flags & O_ACCMODE) != O_RDONLY || info->flags & O_TRUNC)
		access = SIM_WRITE;
	int error = sim_fs_check(fs, spot, access);
	if (error)
		return error;
	/* not to wait for a FIFO or device that the host has put there */
	int flags = (info->flags & HOST_FLAGS) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	AUTO(auto_close)
	int fd = open(sim_path_on_host(spot->host), flags, mode & SIM_FUSE_PERMISSIONS);
	if (fd < 0)
		return errno;
	error = check_opened(fs, spot->host, fd, info);
	if (error)
		return error;
	opened->fd = take_fd(&fd);
	return 0;
}

/* Takes what was opened over. */
static void keep_open(struct sim_fs *fs, struct sim_node *node, const char *host,
	struct opened *opened, struct fuse_file_info *info)
{
	struct sim_open_file *file = xcalloc(1, sizeof(*file));
	file->host = xcalloc(1, sizeof(*file->host));
	file->host->fd = take_fd(&opened->fd);
	file->protected_file = opened->protected_file;
	opened->protected_file = NULL;
	file->trusted = info->keep_cache ? xstrdup(host) : NULL;
	sim_nodes_add_handle(fs->nodes, node, file->host);
	info->fh = (uint64_t)file;
}

static void open_file(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct sim_node *node = sim_fuse_node(request, number);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	AUTO(drop_opened) struct opened opened = { .fd = -1 };
	info->flags &= ~(O_CREAT | O_EXCL); /* the kernel has found it */
	int error = sim_fs_find(fs, node, NULL, &spot);
	if (!error && spot.place.mount->kind == SIM_MOUNT_ATTESTATION)
		error = open_pseudo(request, &spot, info);
	else if (!error)
		error = open_host(fs, &spot, 0, info, &opened);
	if (error) {
		fuse_reply_err(request, error);
		return;
	}
	if (opened.fd >= 0)
		keep_open(fs, node, spot.host, &opened, info);
	if (fuse_reply_open(request, info))
		close_file(fs, sim_fuse_open_file(info));
}

static void create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
	struct fuse_file_info *info)
{
	AUTO(sim_fs_unlock) struct sim_fs *fs = sim_fs_lock(sim_fuse_fs(request));
	struct sim_node *node = sim_fuse_node(request, parent);
	AUTO(sim_spot_free) struct sim_spot spot = { 0 };
	AUTO(drop_opened) struct opened opened = { .fd = -1 };
	struct fuse_entry_param entry;
	info->flags |= O_CREAT;
	int error = sim_fs_find(fs, node, name, &spot);
	if (!error)
		error = open_host(fs, &spot, mode, info, &opened);
	if (!error)
		error = sim_fuse_enter(fs, node, name, &spot, &entry);
	if (error) {
		fuse_reply_err(request, error);
		return;
	}
	struct sim_node *created = (struct sim_node *)entry.ino;
	keep_open(fs, created, spot.host, &opened, info);
	if (!fuse_reply_create(request, &entry, info))
		return;
	close_file(fs, sim_fuse_open_file(info));
	sim_nodes_forget(fs->nodes, created, 1);
}

static void read_pseudo(fuse_req_t request, struct sim_pseudo_file *file, size_t size, off_t offset)
{
	AUTO(buf_free) struct buf content = { 0 };
	sim_pseudo_file_read(file, (uint64_t)offset, size, &content);
	fuse_reply_buf(request, buf_text(&content), content.size);
}

/* Asked after reading, so that what was read is what was verified. */
static bool is_still_trusted(const struct sim_fs *fs, const struct sim_open_file *file)
{
	struct stat st;
	if (!fstat(file->host->fd, &st) && sim_policy_is_unchanged(fs->policy, file->trusted, &st))
		return true;
	report_changed(file->trusted);
	return false;
}

static void read_file(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
	struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	if (file->pseudo) {
		read_pseudo(request, file->pseudo, size, offset);
		return;
	}
	if (file->protected_file) {
		sim_fuse_read_protected(request, file->protected_file, size, offset);
		return;
	}
	AUTO(auto_free) char *content = xmalloc(size);
	ssize_t got = pread(file->host->fd, content, size, offset);
	if (got < 0)
		fuse_reply_err(request, errno);
	else if (file->trusted && !is_still_trusted(sim_fuse_fs(request), file))
		fuse_reply_err(request, EACCES);
	else
		fuse_reply_buf(request, content, (size_t)got);
}

static void write_pseudo(
	fuse_req_t request, struct sim_pseudo_file *file, const char *data, size_t size)
{
	struct sim_process process;
	int error = EACCES;
	if (sim_fuse_process(request, &process))
		error = sim_pseudo_file_write(file, &process, (struct bytes){ data, size });
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_write(request, size);
}

static void write_file(fuse_req_t request, fuse_ino_t number, const char *data, size_t size,
	off_t offset, struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	if (file->pseudo) {
		write_pseudo(request, file->pseudo, data, size);
		return;
	}
	/* pages that were mapped have their place even in a file that is open for appending */
	bool appends = info->flags & O_APPEND && !info->writepage;
	if (file->protected_file) {
		sim_fuse_write_protected(request, file->protected_file,
			(struct bytes){ data, size }, offset, appends);
		return;
	}
	struct iovec part = { (char *)data, size };
	ssize_t written = pwritev2(file->host->fd, &part, 1, offset, appends ? RWF_APPEND : 0);
	if (written < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_write(request, (size_t)written);
}

static void release_file(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	close_file(sim_fuse_fs(request), sim_fuse_open_file(info));
	fuse_reply_err(request, 0);
}

/* At each close of a descriptor: so that closing tells what became of the data. */
static void flush_file(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	fuse_reply_err(
		request, file->protected_file ? sim_protected_flush(file->protected_file) : 0);
}

/* What a pseudo file was given took effect when it was written. */
static void sync_file(
	fuse_req_t request, fuse_ino_t number, int only_data, struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	if (file->protected_file) {
		fuse_reply_err(request, sim_protected_sync(file->protected_file));
		return;
	}
	bool failed = file->host && (only_data ? fdatasync(file->host->fd) : fsync(file->host->fd));
	fuse_reply_err(request, failed ? errno : 0);
}

static void allocate(fuse_req_t request, fuse_ino_t number, int mode, off_t offset, off_t length,
	struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	int error = EOPNOTSUPP;
	if (file->protected_file) {
		sim_fuse_allocate_protected(request, file->protected_file, mode, offset, length);
		return;
	}
	if (file->host)
		error = fallocate(file->host->fd, mode, offset, length) ? errno : 0;
	fuse_reply_err(request, error);
}

/* Only for SEEK_DATA and SEEK_HOLE; the kernel does the others. */
static void seek(fuse_req_t request, fuse_ino_t number, off_t offset, int whence,
	struct fuse_file_info *info)
{
	(void)number;
	const struct sim_open_file *file = sim_fuse_open_file(info);
	if (file->protected_file) {
		sim_fuse_seek_protected(request, file->protected_file, offset, whence);
		return;
	}
	errno = EINVAL;
	off_t found = file->host ? lseek(file->host->fd, offset, whence) : -1;
	if (found < 0)
		fuse_reply_err(request, errno);
	else
		fuse_reply_lseek(request, found);
}

void sim_fuse_add_file_operations(struct fuse_lowlevel_ops *operations)
{
	operations->open = open_file;
	operations->create = create;
	operations->read = read_file;
	operations->write = write_file;
	operations->flush = flush_file;
	operations->release = release_file;
	operations->fsync = sync_file;
	operations->fallocate = allocate;
	operations->lseek = seek;
}
