/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protected file of Graphene, an encrypted file of Gramine (spec graphene-protected-files.md):
 * read and written at any offset, in bounded memory. What is written reaches the host, encrypted,
 * with protected_file_flush, or before when there is much of it. Whenever the process dies the file
 * has the content of its last flush, or that of the flush that was going on.
 *
 * Where a function fails for the host's sake, errno is the reason and the error ERROR_INTERNAL. An
 * object serves one thread at a time.
 */
#ifndef PROTECTED_FILE_H
#define PROTECTED_FILE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "protected/host_file.h"
#include "protected/metadata.h"

struct protected_file;

struct protected_options {
	struct host_file *host; /* closed with the protected file, also when opening fails */
	struct side_file *side; /* outlives it; NULL: do without, and leave what it has alone */
	uint8_t key[CIPHER_KEY_SIZE];
	/* of at most METADATA_PATH_SIZE - 1 bytes; NULL for opening: take whatever path it has */
	const char *path;
	enum protected_format format; /* of a new file; one that is there keeps its own, */
	bool upgrade;                 /* or becomes PROTECTED_GRAMINE_2 when it is written */
};

/* A new, empty file, flushed, in the place of what the host has there. */
struct protected_file *protected_file_create(
	const struct protected_options *options, struct error *err);

/*
 * ERROR_INVALID for what is no protected file, ERROR_DENIED for another key, a changed file or
 * another path, ERROR_STATE when a write was interrupted and cannot be taken back.
 */
struct protected_file *protected_file_open(
	const struct protected_options *options, struct error *err);

/* Closes without flushing: what was not flushed is lost. Removes the side file. */
void protected_file_close(struct protected_file *file);
DEFINE_AUTO_FREE(auto_protected_file, struct protected_file *, protected_file_close)

uint64_t protected_file_size(const struct protected_file *file);
const char *protected_file_path(const struct protected_file *file);
enum protected_format protected_file_format(const struct protected_file *file);
/* True if there is something to flush. */
bool protected_file_is_dirty(const struct protected_file *file);

/* `got` is less than size only at the end of the file. ERROR_DENIED where the host has changed it.
 */
bool protected_file_read(struct protected_file *file, uint64_t offset, void *out, size_t size,
	size_t *got, struct error *err);

/* A gap that this leaves behind the end is filled with zeros, which take room as any data. */
bool protected_file_write(struct protected_file *file, uint64_t offset, const void *data,
	size_t size, struct error *err);
bool protected_file_resize(struct protected_file *file, uint64_t size, struct error *err);

/* Binds the file to another path, and flushes. */
bool protected_file_rename(struct protected_file *file, const char *path, struct error *err);

bool protected_file_flush(struct protected_file *file, struct error *err);

/*
 * Flushes, and waits until the data is durable. From then on each flush of this object is made so
 * that the file outlives a crash of the machine, too.
 */
bool protected_file_sync(struct protected_file *file, struct error *err);

/* Says that the side file is gone, and another will be used: the host's file has another name, */
void protected_file_move_side(struct protected_file *file);
/* or that there will be none, as the file has lost its name. */
void protected_file_forget_side(struct protected_file *file);

#endif
