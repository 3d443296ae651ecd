/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/set_file.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/reader.h"
#include "dcap/collateral_folder.h"

#include <string.h>

#define MAGIC      "mrcoll 1"
#define MAGIC_SIZE 8

void set_file_put(struct buf *out, const struct buf files[COLLATERAL_FILES], int64_t fetched_at)
{
	buf_put(out, MAGIC, MAGIC_SIZE);
	buf_put_u64(out, (uint64_t)fetched_at);
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		buf_put_u32(out, (uint32_t)files[i].size);
		buf_put(out, files[i].data, files[i].size);
	}
}

bool set_file_parse(struct bytes data, struct buf files[COLLATERAL_FILES], int64_t *fetched_at,
	struct error *err)
{
	struct reader r = reader_of(data.data, data.size);
	uint8_t magic[MAGIC_SIZE];
	reader_copy(&r, magic, sizeof(magic));
	*fetched_at = (int64_t)reader_u64(&r);
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		uint32_t size = reader_u32(&r);
		if (size > collateral_file_max((enum collateral_file)i))
			reader_fail(&r);
		const uint8_t *content = reader_bytes(&r, size);
		if (content)
			buf_put(&files[i], content, size);
	}
	return (!memcmp(magic, MAGIC, MAGIC_SIZE) && reader_finished(&r)) ||
	       error_set(err, ERROR_INVALID, "it is no set of collateral");
}

bool set_file_write(const char *path, const struct buf files[COLLATERAL_FILES], int64_t fetched_at,
	struct error *err)
{
	AUTO(buf_free) struct buf out = { 0 };
	set_file_put(&out, files, fetched_at);
	return file_replace(path, out.data, out.size, 0644, err);
}

bool set_file_read(const char *path, struct buf files[COLLATERAL_FILES], int64_t *fetched_at,
	struct error *err)
{
	AUTO(buf_free) struct buf data = { 0 };
	size_t max = MAGIC_SIZE + sizeof(uint64_t);
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		max += sizeof(uint32_t) + collateral_file_max((enum collateral_file)i);
	return file_read(path, max, &data, err) &&
	       (set_file_parse(buf_bytes(&data), files, fetched_at, err) ||
		       error_prefix(err, "%s", path));
}
