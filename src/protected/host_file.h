/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the host as protected files use it: all that a host can do to one is in these calls.
 * They return 0 or an errno.
 */
#ifndef PROTECTED_HOST_FILE_H
#define PROTECTED_HOST_FILE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct host_file {
	/* exactly so many bytes; EIO if the file ends before */
	int (*read)(struct host_file *file, uint64_t offset, void *out, size_t size);
	int (*write)(struct host_file *file, uint64_t offset, const void *data, size_t size);
	int (*size)(struct host_file *file, uint64_t *size);
	int (*resize)(struct host_file *file, uint64_t size);
	int (*sync)(struct host_file *file); /* until the data is durable */
	void (*close)(struct host_file *file);
};

/* The same over a descriptor, which it takes over. */
struct host_file *host_file_of_fd(int fd);

/* For a call that gave `reason`: sets errno to it and the error to ERROR_INTERNAL. */
bool host_file_failed(int reason, const char *what, struct error *err);

/*
 * The file beside a protected one from which an interrupted write is taken back (see journal.h).
 */
struct side_file {
	/* NULL with errno when it is not there, or with `create` cannot be made */
	struct host_file *(*open)(struct side_file *side, bool create);
	void (*remove)(struct side_file *side);
};

/* The name of the side file is that of the file with this behind it. */
#define SIDE_FILE_SUFFIX ".gramine.recovery"

/* For the open and remove of a side file that stands beside `path`. */
struct host_file *side_file_open_beside(const char *path, bool create);
void side_file_remove_beside(const char *path);

#endif
