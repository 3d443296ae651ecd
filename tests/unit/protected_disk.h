/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts of protected files in memory, which can fail or stop at any write. */
#ifndef TESTS_PROTECTED_DISK_H
#define TESTS_PROTECTED_DISK_H

#include "base/buf.h"
#include "base/memory.h"
#include "protected/file.h"

#include <errno.h>
#include <string.h>

/* A file and its side file. */
struct disk {
	struct buf main;
	struct buf side;
	bool has_side;
	bool refuses_side; /* as a folder that cannot be written */
	long writes_left;  /* until the host is dead, or refuses; -1: it never is */
	bool refuses;      /* only new room, with ENOSPC, instead of dying */
	size_t written;    /* bytes */
	size_t synced;     /* times */
};

struct disk_file {
	struct host_file calls;
	struct disk *disk;
	struct buf *content;
};

struct disk_side {
	struct side_file calls;
	struct disk *disk;
};

static inline bool disk_is_dead(const struct disk *disk)
{
	return !disk->writes_left && !disk->refuses;
}

static inline struct disk_file *disk_file_of(struct host_file *file)
{
	return (struct disk_file *)file;
}

static inline int disk_read(struct host_file *host, uint64_t offset, void *out, size_t size)
{
	const struct disk_file *file = disk_file_of(host);
	if (disk_is_dead(file->disk) || offset > file->content->size ||
		size > file->content->size - offset)
		return EIO;
	memcpy(out, file->content->data + offset, size);
	return 0;
}

static inline void disk_set_size(struct buf *content, size_t size)
{
	if (size > content->size)
		buf_put_zeros(content, size - content->size);
	content->size = size;
}

/* The write at which the host dies is made in part: whole nodes, as page caches have it. */
static inline int disk_write(struct host_file *host, uint64_t offset, const void *data, size_t size)
{
	struct disk_file *file = disk_file_of(host);
	struct disk *disk = file->disk;
	if (disk_is_dead(disk))
		return EIO;
	if (disk->refuses && !disk->writes_left)
		return ENOSPC;
	disk->writes_left -= disk->writes_left > 0;
	if (disk_is_dead(disk))
		size = size / 2 / LAYOUT_NODE_SIZE * LAYOUT_NODE_SIZE;
	if (offset + size > file->content->size)
		disk_set_size(file->content, offset + size);
	memcpy(file->content->data + offset, data, size);
	disk->written += size;
	return disk_is_dead(disk) ? EIO : 0;
}

static inline int disk_size(struct host_file *host, uint64_t *size)
{
	*size = disk_file_of(host)->content->size;
	return 0;
}

static inline int disk_resize(struct host_file *host, uint64_t size)
{
	struct disk_file *file = disk_file_of(host);
	if (disk_is_dead(file->disk))
		return EIO;
	disk_set_size(file->content, size);
	return 0;
}

static inline int disk_sync(struct host_file *host)
{
	disk_file_of(host)->disk->synced++;
	return 0;
}

static inline void disk_close(struct host_file *host)
{
	free(host);
}

static inline struct host_file *disk_open(struct disk *disk, struct buf *content)
{
	struct disk_file *file = xmalloc(sizeof(*file));
	*file = (struct disk_file){ { disk_read, disk_write, disk_size, disk_resize, disk_sync,
					    disk_close },
		disk, content };
	return &file->calls;
}

static inline struct host_file *disk_open_side(struct side_file *side, bool create)
{
	struct disk *disk = ((struct disk_side *)side)->disk;
	errno = disk->refuses_side ? EACCES : ENOENT;
	if (disk_is_dead(disk) || disk->refuses_side || (!disk->has_side && !create))
		return NULL;
	disk->has_side = true;
	return disk_open(disk, &disk->side);
}

static inline void disk_remove_side(struct side_file *side)
{
	struct disk *disk = ((struct disk_side *)side)->disk;
	if (disk_is_dead(disk))
		return;
	disk->has_side = false;
	buf_clear(&disk->side);
}

static inline void disk_free(struct disk *disk)
{
	buf_free(&disk->main);
	buf_free(&disk->side);
}

/* 00 01 … 0f, as in the test vectors of the spec. */
static const uint8_t test_key[CIPHER_KEY_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15 };

static inline struct protected_options disk_options(
	struct disk *disk, struct disk_side *side, enum protected_format format)
{
	*side = (struct disk_side){ { disk_open_side, disk_remove_side }, disk };
	struct protected_options options = { .host = disk_open(disk, &disk->main),
		.side = &side->calls,
		.path = "data/file",
		.format = format };
	memcpy(options.key, test_key, sizeof(test_key));
	return options;
}

static inline void disk_copy(struct disk *to, const struct disk *from)
{
	disk_free(to);
	*to = (struct disk){ .has_side = from->has_side, .writes_left = -1 };
	buf_put(&to->main, from->main.data, from->main.size);
	buf_put(&to->side, from->side.data, from->side.size);
}

#endif
