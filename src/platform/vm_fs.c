/* SPDX-License-Identifier: Apache-2.0 */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)

#include "platform/vm_fs.h"

#include "base/cleanup.h"
#include "base/fuse_server.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Numbers of nodes. The folder of report N is N * PER_REPORT, and its attributes follow. Nothing
 * here depends on what the kernel remembers: the next request finds out what is gone.
 */
enum { CONFIG = FUSE_ROOT_ID, TSM, REPORT, PER_REPORT = 8 };

#define TEXT_SIZE 4096 /* what configfs says of attributes that are text */

/* By enum vm_attribute, as Linux has them. */
static const struct {
	const char *name;
	mode_t mode;
	off_t size;
} attributes[VM_ATTRIBUTES] = {
	[VM_PROVIDER] = { "provider", 0444, TEXT_SIZE },
	[VM_GENERATION] = { "generation", 0444, TEXT_SIZE },
	[VM_INBLOB] = { "inblob", 0200, 0 },
	[VM_OUTBLOB] = { "outblob", 0444, 0 },
};

struct fs {
	struct vm_reports *reports;
	uid_t uid;
	gid_t gid;
};

/* An open attribute. Text and quote are made when they are first read. */
struct handle {
	struct buf content;
	bool is_filled;
	bool is_written; /* and not handed over yet */
};

static struct fs *fs_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

static struct handle *handle_of(const struct fuse_file_info *info)
{
	return (struct handle *)info->fh;
}

static uint64_t report_of(fuse_ino_t node)
{
	return node / PER_REPORT;
}

/* VM_ATTRIBUTES for a folder. */
static enum vm_attribute attribute_of(fuse_ino_t node)
{
	return report_of(node) && node % PER_REPORT ? (enum vm_attribute)(node % PER_REPORT - 1)
						    : VM_ATTRIBUTES;
}

static bool exists(const struct fs *fs, fuse_ino_t node)
{
	return !report_of(node) || vm_reports_exists(fs->reports, report_of(node));
}

static void describe(const struct fs *fs, fuse_ino_t node, struct stat *st)
{
	enum vm_attribute attribute = attribute_of(node);
	bool is_folder = attribute == VM_ATTRIBUTES;
	*st = (struct stat){ .st_ino = node,
		.st_mode = is_folder ? S_IFDIR | 0755 : S_IFREG | attributes[attribute].mode,
		.st_size = is_folder ? 0 : attributes[attribute].size,
		.st_nlink = is_folder ? 2 : 1,
		.st_uid = fs->uid,
		.st_gid = fs->gid };
}

static void reply_entry(fuse_req_t request, fuse_ino_t node)
{
	/* valid for no time: another process may remove it */
	struct fuse_entry_param entry = { .ino = node };
	describe(fs_of(request), node, &entry.attr);
	fuse_reply_entry(request, &entry);
}

/* 0 if there is none. */
static fuse_ino_t find(const struct fs *fs, fuse_ino_t folder, const char *name)
{
	if (folder == CONFIG)
		return strcmp(name, "tsm") ? 0 : TSM;
	if (folder == TSM)
		return strcmp(name, "report") ? 0 : REPORT;
	if (folder == REPORT)
		return vm_reports_find(fs->reports, name) * PER_REPORT;
	for (fuse_ino_t i = 0; i < VM_ATTRIBUTES && exists(fs, folder); i++) {
		if (!strcmp(name, attributes[i].name))
			return folder + 1 + i;
	}
	return 0;
}

static void look_up(fuse_req_t request, fuse_ino_t folder, const char *name)
{
	fuse_ino_t node = find(fs_of(request), folder, name);
	if (node)
		reply_entry(request, node);
	else
		fuse_reply_err(request, ENOENT);
}

static void get_attributes(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	(void)info;
	struct stat st;
	describe(fs_of(request), node, &st);
	if (exists(fs_of(request), node))
		fuse_reply_attr(request, &st, 0);
	else
		fuse_reply_err(request, ENOENT);
}

/* Truncating, as a shell does before it writes, means nothing to the kernel. */
static void set_attributes(fuse_req_t request, fuse_ino_t node, struct stat *st, int which,
	struct fuse_file_info *info)
{
	(void)st;
	if (which & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
		fuse_reply_err(request, EPERM);
	else
		get_attributes(request, node, info);
}

static void make_folder(fuse_req_t request, fuse_ino_t folder, const char *name, mode_t mode)
{
	(void)mode;
	uint64_t number;
	int error =
		folder == REPORT ? vm_reports_make(fs_of(request)->reports, name, &number) : EPERM;
	if (error)
		fuse_reply_err(request, error);
	else
		reply_entry(request, number * PER_REPORT);
}

static void remove_folder(fuse_req_t request, fuse_ino_t folder, const char *name)
{
	fuse_reply_err(request,
		folder == REPORT ? vm_reports_remove(fs_of(request)->reports, name) : EPERM);
}

/* Attributes come and go with their folder. */
static void remove_file(fuse_req_t request, fuse_ino_t folder, const char *name)
{
	(void)folder, (void)name;
	fuse_reply_err(request, EPERM);
}

static void make_file(
	fuse_req_t request, fuse_ino_t folder, const char *name, mode_t mode, dev_t device)
{
	(void)folder, (void)name, (void)mode, (void)device;
	fuse_reply_err(request, EACCES);
}

/* Not even root may do what the attribute cannot. */
static bool allows(fuse_ino_t node, int flags)
{
	mode_t mode = attributes[attribute_of(node)].mode;
	int access = flags & O_ACCMODE;
	return (access == O_WRONLY || mode & 0444) && (access == O_RDONLY || mode & 0222);
}

static void open_file(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	if (!exists(fs_of(request), node) || !allows(node, info->flags)) {
		fuse_reply_err(request, exists(fs_of(request), node) ? EACCES : ENOENT);
		return;
	}
	struct handle *handle = xcalloc(1, sizeof(*handle));
	info->fh = (uint64_t)handle;
	/* the size of an attribute says nothing */
	info->direct_io = 1;
	if (fuse_reply_open(request, info))
		free(handle);
}

static void read_file(
	fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct handle *handle = handle_of(info);
	int error = handle->is_filled ? 0
				      : vm_reports_show(fs_of(request)->reports, report_of(node),
						attribute_of(node), &handle->content);
	if (error) {
		fuse_reply_err(request, error);
		return;
	}
	handle->is_filled = true;
	size_t start =
		(size_t)offset < handle->content.size ? (size_t)offset : handle->content.size;
	size_t left = handle->content.size - start;
	fuse_reply_buf(request, buf_text(&handle->content) + start, left < size ? left : size);
}

static void write_file(fuse_req_t request, fuse_ino_t node, const char *data, size_t size,
	off_t offset, struct fuse_file_info *info)
{
	(void)node;
	struct handle *handle = handle_of(info);
	if (offset > TD_REPORT_DATA_SIZE || size > TD_REPORT_DATA_SIZE - (size_t)offset) {
		fuse_reply_err(request, EFBIG);
		return;
	}
	size_t end = (size_t)offset + size;
	if (end > handle->content.size)
		buf_put_zeros(&handle->content, end - handle->content.size);
	memcpy(handle->content.data + offset, data, size);
	handle->is_written = true;
	fuse_reply_write(request, size);
}

/* At each close: what was written takes effect then, and the kernel does not say if it does not. */
static void flush_file(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	struct handle *handle = handle_of(info);
	if (handle->is_written)
		(void)vm_reports_store(
			fs_of(request)->reports, report_of(node), buf_bytes(&handle->content));
	handle->is_written = false;
	fuse_reply_err(request, 0);
}

static void release_file(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	(void)node;
	buf_free(&handle_of(info)->content);
	free(handle_of(info));
	fuse_reply_err(request, 0);
}

/* The entry at this position of a folder, which is its number or behind; NULL at the end. */
static const char *entry_at(const struct fs *fs, fuse_ino_t folder, off_t *position)
{
	if (folder == CONFIG || folder == TSM)
		return *position ? NULL : folder == CONFIG ? "tsm" : "report";
	if (folder != REPORT)
		return *position < VM_ATTRIBUTES ? attributes[*position].name : NULL;
	uint64_t number = (uint64_t)*position;
	const char *name = vm_reports_next(fs->reports, &number);
	*position = (off_t)number;
	return name;
}

static void read_folder(fuse_req_t request, fuse_ino_t folder, size_t size, off_t position,
	struct fuse_file_info *info)
{
	(void)info;
	const struct fs *fs = fs_of(request);
	AUTO(auto_free) char *listing = xmalloc(size);
	size_t used = 0;
	for (const char *name; exists(fs, folder) && (name = entry_at(fs, folder, &position));
		position++) {
		struct stat st;
		describe(fs, find(fs, folder, name), &st);
		size_t needed = fuse_add_direntry(
			request, listing + used, size - used, name, &st, position + 1);
		if (needed > size - used)
			break;
		used += needed;
	}
	fuse_reply_buf(request, listing, used);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = look_up,
	.getattr = get_attributes,
	.setattr = set_attributes,
	.mknod = make_file,
	.mkdir = make_folder,
	.unlink = remove_file,
	.rmdir = remove_folder,
	.open = open_file,
	.read = read_file,
	.write = write_file,
	.flush = flush_file,
	.release = release_file,
	.readdir = read_folder,
};

/* libfuse complains when the last process is gone and its mount with it, as it should be. */
static void ignore_complaint(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
}

static void *serve(void *session)
{
	fuse_session_loop(session);
	return NULL;
}

bool vm_fs_serve(struct vm_reports *reports, int device, uid_t uid, gid_t gid, struct error *err)
{
	struct fs *fs = xcalloc(1, sizeof(*fs));
	*fs = (struct fs){ reports, uid, gid };
	char *names[] = { "graphene-platform", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, names);
	fuse_set_log_func(ignore_complaint);
	struct fuse_session *session = fuse_session_new(&args, &operations, sizeof(operations), fs);
	return fuse_server_start(session, device, serve, err);
}
