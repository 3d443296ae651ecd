/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#define READ_STEP     65536
#define READ_STEP_MIN 4096

static bool open_for_reading(const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return true;
	error_errno(err, "cannot read %s", path);
	if (err && (errno == ENOENT || errno == ENOTDIR))
		err->kind = ERROR_NOT_FOUND;
	return false;
}

/* Large buffers, which are wiped in the end, are left to large files. */
static size_t read_step(size_t expected)
{
	if (expected >= READ_STEP)
		return READ_STEP;
	return expected < READ_STEP_MIN ? READ_STEP_MIN : expected + 1;
}

bool file_read_with_info(
	const char *path, size_t max, struct buf *out, struct stat *info, struct error *err)
{
	AUTO(auto_close) int fd = -1;
	if (!open_for_reading(path, &fd, err))
		return false;
	if (fstat(fd, info))
		return error_errno(err, "cannot read %s", path);
	/* 0 for pseudo files: their end is where nothing more comes */
	const size_t expected = info->st_size > 0 ? (size_t)info->st_size : 0;
	const size_t step = read_step(expected);
	size_t before = out->size;
	for (;;) {
		uint8_t *start = buf_extend(out, step);
		ssize_t got = read(fd, start, step);
		out->size -= step - (got > 0 ? (size_t)got : 0);
		out->data[out->size] = 0;
		if (got < 0 && errno != EINTR)
			return error_errno(err, "cannot read %s", path);
		if (out->size - before > max)
			return error_set(err, ERROR_INVALID,
				"%s is longer than the %zu bytes that are accepted", path, max);
		if (got == 0 || (got > 0 && expected && out->size - before == expected))
			return true;
	}
}

bool file_read(const char *path, size_t max, struct buf *out, struct error *err)
{
	struct stat info;
	return file_read_with_info(path, max, out, &info, err);
}

bool file_write_all(int fd, const void *data, size_t size)
{
	const char *next = data;
	while (size) {
		ssize_t written = write(fd, next, size);
		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			next += written;
			size -= (size_t)written;
		}
	}
	return true;
}

static int open_parent(const char *path)
{
	AUTO(auto_free) char *copy = xstrdup(path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A file system that cannot sync a folder answers EINVAL; there is nothing better to do. */
static bool sync_folder(int folder, const char *path, struct error *err)
{
	return !fsync(folder) || errno == EINVAL ||
	       error_errno(err, "cannot sync the folder of %s", path);
}

bool file_sync_parent(const char *path, struct error *err)
{
	AUTO(auto_close) int folder = open_parent(path);
	if (folder < 0)
		return error_errno(err, "cannot open the folder of %s", path);
	return sync_folder(folder, path, err);
}

static bool write_synced(
	const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(err, "cannot create %s", path);
	if (fchmod(fd, mode) || !file_write_all(fd, data, size) || fsync(fd))
		return error_errno(err, "cannot write %s", path);
	return true;
}

bool file_write_new(const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	if (write_synced(path, data, size, mode, err))
		return true;
	unlink(path);
	return false;
}

bool file_replace(const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
	AUTO(auto_free) char *temporary = xasprintf("%s.tmp", path);
	/* opened first: a failure after the rename would leave the caller with the wrong belief */
	AUTO(auto_close) int folder = open_parent(path);
	if (folder < 0)
		return error_errno(err, "cannot create %s", temporary);
	if (!file_write_new(temporary, data, size, mode, err))
		return false;
	if (rename(temporary, path)) {
		error_errno(err, "cannot replace %s", path);
		unlink(temporary);
		return false;
	}
	return sync_folder(folder, path, err);
}

bool file_make_folders(const char *path, mode_t mode, struct error *err)
{
	AUTO(auto_free) char *copy = xstrdup(path);
	for (char *end = copy; *end;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		char separator = *end;
		*end = 0;
		if (mkdir(copy, mode) && errno != EEXIST && errno != EISDIR)
			return error_errno(err, "cannot create folder %s", copy);
		*end = separator;
	}
	return true;
}

bool file_make_parents(const char *path, mode_t mode, struct error *err)
{
	AUTO(auto_free) char *copy = xstrdup(path);
	return file_make_folders(dirname(copy), mode, err);
}
