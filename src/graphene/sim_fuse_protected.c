/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about open protected files. */
#include "graphene/sim_fuse.h"

#include <errno.h>
#include <unistd.h>

void sim_fuse_read_protected(
	fuse_req_t request, struct sim_protected_file *file, size_t size, off_t offset)
{
	AUTO(buf_free) struct buf content = { 0 };
	int error = sim_protected_read(file, (uint64_t)offset, size, &content);
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_buf(request, buf_text(&content), content.size);
}

void sim_fuse_write_protected(fuse_req_t request, struct sim_protected_file *file,
	struct bytes data, off_t offset, bool appends)
{
	int error = sim_protected_write(file, (uint64_t)offset, data, appends);
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_write(request, data.size);
}

/* The format has no holes and no room behind the end. */
void sim_fuse_allocate_protected(
	fuse_req_t request, struct sim_protected_file *file, int mode, off_t offset, off_t length)
{
	fuse_reply_err(request,
		mode ? EOPNOTSUPP : sim_protected_grow(file, (uint64_t)offset + (uint64_t)length));
}

/* All is data, up to the end, which counts as a hole. */
void sim_fuse_seek_protected(
	fuse_req_t request, struct sim_protected_file *file, off_t offset, int whence)
{
	off_t size = (off_t)sim_protected_size(file);
	if (offset >= size)
		fuse_reply_err(request, ENXIO);
	else
		fuse_reply_lseek(request, whence == SEEK_DATA ? offset : size);
}
