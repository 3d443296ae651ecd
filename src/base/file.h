/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read within a bound, replaced as a whole or not at all. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Appends the whole file to out. Longer than max bytes: ERROR_INVALID. Missing: ERROR_NOT_FOUND.
 * Works on pseudo files whose size is 0. The message names the path.
 */
bool file_read(const char *path, size_t max, struct buf *out, struct error *err);
/*
 * The same for a file of an open folder, whose path is for messages; *info is what the system said
 * about the file right before it was read.
 */
bool file_read_at(int folder, const char *folder_path, const char *name, size_t max,
	struct buf *out, struct stat *info, struct error *err);

/*
 * Replaces the file at path: writes PATH.tmp with the given mode, syncs it, renames it into place
 * and syncs the folder. After a crash the file is the old or the new one.
 */
bool file_replace(const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/*
 * Writes a file, synced, in the place of one of the name. On failure there is none. Whoever renames
 * it makes the name durable.
 */
bool file_write_new(
	const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* Makes the entry of path in its folder durable, for whoever renamed it there. */
bool file_sync_parent(const char *path, struct error *err);

/* Creates the missing folders of path ("a/b/c": all three) with the given mode. */
bool file_make_folders(const char *path, mode_t mode, struct error *err);
/* As file_make_folders for all but the last part of path. */
bool file_make_parents(const char *path, mode_t mode, struct error *err);

/* Writes everything, across short writes and signals. errno tells why not. */
bool file_write_all(int fd, const void *data, size_t size);

#endif
