/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/host_file.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct fd_file {
	struct host_file calls;
	int fd;
};

static int fd_of(struct host_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static int read_at(struct host_file *file, uint64_t offset, void *out, size_t size)
{
	for (char *next = out; size;) {
		ssize_t got = pread(fd_of(file), next, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? errno : EIO;
		next += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

static int write_at(struct host_file *file, uint64_t offset, const void *data, size_t size)
{
	for (const char *next = data; size;) {
		ssize_t done = pwrite(fd_of(file), next, size, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? errno : EIO;
		next += done;
		offset += (uint64_t)done;
		size -= (size_t)done;
	}
	return 0;
}

static int get_size(struct host_file *file, uint64_t *size)
{
	struct stat st;
	if (fstat(fd_of(file), &st))
		return errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

static int resize(struct host_file *file, uint64_t size)
{
	return ftruncate(fd_of(file), (off_t)size) ? errno : 0;
}

static int sync_data(struct host_file *file)
{
	return fdatasync(fd_of(file)) ? errno : 0;
}

static void close_fd(struct host_file *file)
{
	close(fd_of(file));
	free(file);
}

struct host_file *host_file_of_fd(int fd)
{
	struct fd_file *file = xmalloc(sizeof(*file));
	*file = (struct fd_file){ { read_at, write_at, get_size, resize, sync_data, close_fd },
		fd };
	return &file->calls;
}

bool host_file_failed(int reason, const char *what, struct error *err)
{
	errno = reason;
	return error_errno(err, "cannot %s", what);
}

struct host_file *side_file_open_beside(const char *path, bool create)
{
	AUTO(auto_free) char *name = xasprintf("%s" SIDE_FILE_SUFFIX, path);
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (create ? O_CREAT : 0);
	int fd = open(name, flags, 0600);
	return fd < 0 ? NULL : host_file_of_fd(fd);
}

void side_file_remove_beside(const char *path)
{
	AUTO(auto_free) char *name = xasprintf("%s" SIDE_FILE_SUFFIX, path);
	unlink(name);
}
