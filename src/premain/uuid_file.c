/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/uuid_file.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>

#define FILE_MAX 4096

static bool read_uuid(const char *path, char uuid[UUID_TEXT_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!file_read(path, FILE_MAX, &content, err))
		return false;
	if (!uuid_parse(buf_text(&content), content.size, uuid, err)) {
		error_prefix(err, "failed to unmarshal UUID");
		return error_prefix(err, "%s", path);
	}
	AUTO(auto_free) char *line = xasprintf("found UUID: %s", uuid);
	log_info(line);
	return true;
}

static void make_uuid(char text[UUID_TEXT_SIZE])
{
	uint8_t uuid[UUID_SIZE];
	random_bytes(uuid, sizeof(uuid));
	uuid[6] = (uuid[6] & 0x0f) | 0x40; /* version 4: random */
	uuid[8] = (uuid[8] & 0x3f) | 0x80; /* variant of RFC 4122 */
	uuid_format(uuid, text);
}

/*
 * Written in place: Graphene lets the premain create this one name, but no other to rename from. So
 * what a failed write leaves is taken away again.
 */
static bool write_uuid(int fd, const char *path, const char *uuid, struct error *err)
{
	/* a file system that cannot sync answers EINVAL */
	bool written = file_write_all(fd, uuid, UUID_TEXT_SIZE - 1) &&
		       (!fsync(fd) || errno == EINVAL || errno == ENOSYS);
	if (!written) {
		error_errno(err, "failed to store uuid to file: cannot write %s", path);
		unlink(path);
	}
	return written;
}

bool uuid_file_load(const char *path, char uuid[UUID_TEXT_SIZE], struct error *err)
{
	struct error inner = { 0 };
	if (read_uuid(path, uuid, &inner))
		return true;
	if (inner.kind != ERROR_NOT_FOUND)
		return error_set(err, inner.kind, "%s", inner.message);
	log_info("UUID not found. Generating and storing a new UUID");
	make_uuid(uuid);
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return read_uuid(path, uuid, err);
	if (fd < 0)
		return error_errno(err, "failed to store uuid to file: cannot create %s", path);
	return write_uuid(fd, path, uuid, err);
}
