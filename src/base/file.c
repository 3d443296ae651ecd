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

/* A file by its name in a folder, or by its path. */
struct place {
	int folder;
	const char *folder_path; /* NULL: the name is a path */
	const char *name;
};

static bool cannot_read(const struct place *place, struct error *err)
{
	bool is_missing = errno == ENOENT || errno == ENOTDIR;
	error_errno(err, "cannot read %s%s%s", place->folder_path ? place->folder_path : "",
		place->folder_path ? "/" : "", place->name);
	if (err && is_missing)
		err->kind = ERROR_NOT_FOUND;
	return false;
}

static bool is_too_long(const struct place *place, size_t max, struct error *err)
{
	return error_set(err, ERROR_INVALID,
		"%s%s%s is longer than the %zu bytes that are accepted",
		place->folder_path ? place->folder_path : "", place->folder_path ? "/" : "",
		place->name, max);
}

/* Large buffers, which are wiped in the end, are left to large files. */
static size_t read_step(size_t expected)
{
	if (expected >= READ_STEP)
		return READ_STEP;
	return expected < READ_STEP_MIN ? READ_STEP_MIN : expected + 1;
}

static bool read_place(const struct place *place, size_t max, struct buf *out, struct stat *info,
	struct error *err)
{
	AUTO(auto_close) int fd = openat(place->folder, place->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, info))
		return cannot_read(place, err);
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
			return cannot_read(place, err);
		if (out->size - before > max)
			return is_too_long(place, max, err);
		if (got == 0 || (got > 0 && expected && out->size - before == expected))
			return true;
	}
}

bool file_read(const char *path, size_t max, struct buf *out, struct error *err)
{
	const struct place place = { AT_FDCWD, NULL, path };
	struct stat info;
	return read_place(&place, max, out, &info, err);
}

bool file_read_at(int folder, const char *folder_path, const char *name, size_t max,
	struct buf *out, struct stat *info, struct error *err)
{
	const struct place place = { folder, folder_path, name };
	return read_place(&place, max, out, info, err);
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
