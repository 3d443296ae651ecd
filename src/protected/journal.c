/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/journal.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/reader.h"
#include "protected/metadata.h"

#include <errno.h>
#include <string.h>

#define RECORD_SIZE (8 + LAYOUT_NODE_SIZE)
#define STEP        64 /* records that are read or written at once */

/* Where the next records go. */
struct writer {
	struct host_file *side;
	uint64_t offset;
	struct buf records;
};

static int write_out(struct writer *writer)
{
	int error = writer->side->write(
		writer->side, writer->offset, writer->records.data, writer->records.size);
	writer->offset += writer->records.size;
	writer->records.size = 0;
	return error;
}

static int save_node(struct writer *writer, struct host_file *host, uint64_t position)
{
	buf_put_u64(&writer->records, position);
	int error = host->read(host, position * LAYOUT_NODE_SIZE,
		buf_extend(&writer->records, LAYOUT_NODE_SIZE), LAYOUT_NODE_SIZE);
	if (!error && writer->records.size >= STEP * (size_t)RECORD_SIZE)
		error = write_out(writer);
	return error;
}

bool journal_save(struct host_file *side, struct host_file *host, const uint64_t *positions,
	size_t count, const uint8_t metadata[LAYOUT_NODE_SIZE], struct error *err)
{
	struct writer writer = { .side = side };
	int error = side->resize(side, 0);
	for (size_t i = 0; i < count && !error; i++)
		error = save_node(&writer, host, positions[i]);
	if (!error) {
		buf_put_u64(&writer.records, 0);
		buf_put(&writer.records, metadata, LAYOUT_NODE_SIZE);
		error = write_out(&writer);
	}
	buf_free(&writer.records);
	return !error || host_file_failed(error, "save what is to be overwritten", err);
}

/* The number of records, 0 if there is anything but whole ones. */
static uint64_t count_records(struct host_file *side)
{
	uint64_t size;
	return side->size(side, &size) || size % RECORD_SIZE ? 0 : size / RECORD_SIZE;
}

bool journal_belongs_to(struct host_file *side, const uint8_t metadata[LAYOUT_NODE_SIZE])
{
	uint8_t record[RECORD_SIZE];
	uint8_t current[LAYOUT_NODE_SIZE];
	uint64_t count = count_records(side);
	if (!count || side->read(side, (count - 1) * RECORD_SIZE, record, RECORD_SIZE))
		return false;
	memcpy(current, metadata, sizeof(current));
	if (metadata_has_flags(current))
		metadata_set_pending(current, false);
	return memory_is_zero(record, 8) && !memcmp(record + 8, current, sizeof(current));
}

static int restore(struct host_file *host, struct reader *records)
{
	uint64_t size;
	int error = host->size(host, &size);
	while (!error && records->left) {
		uint64_t position = reader_u64(records);
		const uint8_t *node = reader_bytes(records, LAYOUT_NODE_SIZE);
		/* nothing was saved from beyond the end */
		if (!node || position >= size / LAYOUT_NODE_SIZE)
			return EINVAL;
		error = host->write(host, position * LAYOUT_NODE_SIZE, node, LAYOUT_NODE_SIZE);
	}
	return error;
}

bool journal_roll_back(struct host_file *side, struct host_file *host, struct error *err)
{
	AUTO(auto_free) uint8_t *records = xmalloc((size_t)STEP * RECORD_SIZE);
	uint64_t count = count_records(side);
	int error = 0;
	for (uint64_t next = 0; next < count && !error; next += STEP) {
		size_t size = (size_t)(count - next < STEP ? count - next : STEP) * RECORD_SIZE;
		struct reader r = reader_of(records, size);
		error = side->read(side, next * RECORD_SIZE, records, size);
		if (!error)
			error = restore(host, &r);
	}
	return !error || host_file_failed(error, "take an interrupted write back", err);
}
