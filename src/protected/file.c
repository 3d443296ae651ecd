/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/file_private.h"

#include "base/memory.h"
#include "protected/journal.h"

#include <errno.h>
#include <string.h>

/* One step of an access: so many bytes from a place in a data node. */
struct part {
	uint64_t data;
	size_t from;
	size_t size;
};

static struct part part_at(uint64_t offset, uint64_t left)
{
	struct part part = { .data = layout_data_at(offset) };
	part.from = (size_t)(offset - layout_data_offset(part.data));
	part.size = LAYOUT_NODE_SIZE - part.from;
	if (left < part.size)
		part.size = (size_t)left;
	return part;
}

uint64_t protected_file_size(const struct protected_file *file)
{
	return file->metadata.size;
}

const char *protected_file_path(const struct protected_file *file)
{
	return file->metadata.path;
}

enum protected_format protected_file_format(const struct protected_file *file)
{
	return file->metadata.format;
}

bool protected_file_is_dirty(const struct protected_file *file)
{
	return file->is_dirty;
}

/*
 * Reads whole data nodes that are not in memory, without keeping them: `part` is the first one,
 * size what is wanted from there. They stand together as long as they have one MHT node.
 */
static size_t read_run(struct protected_file *file, struct node *mht, struct part part,
	uint8_t *out, size_t size, struct error *err)
{
	unsigned slot = (unsigned)(part.data % LAYOUT_MHT_DATA);
	size_t count = 0;
	while (slot + count < LAYOUT_MHT_DATA &&
		size - count * LAYOUT_NODE_SIZE >= LAYOUT_NODE_SIZE && !mht->below[slot + count])
		count++;
	uint64_t offset = layout_data_position(part.data) * LAYOUT_NODE_SIZE;
	int error = file->host->read(file->host, offset, out, count * LAYOUT_NODE_SIZE);
	if (error) {
		host_file_failed(error, "read", err);
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		uint8_t *node = out + i * LAYOUT_NODE_SIZE;
		const uint8_t *key = node_key(mht, slot + (unsigned)i);
		const uint8_t *tag = node_tag(mht, slot + (unsigned)i);
		if (!cipher_decrypt(file->cipher, key, node, LAYOUT_NODE_SIZE, node, tag)) {
			memory_wipe(out, count * LAYOUT_NODE_SIZE);
			error_set(err, ERROR_DENIED, "it was changed outside of the enclave");
			return 0;
		}
	}
	return count * LAYOUT_NODE_SIZE;
}

/* The bytes read, at least one and at most size; 0 for an error. */
static size_t read_some(
	struct protected_file *file, uint64_t offset, uint8_t *out, size_t size, struct error *err)
{
	if (offset < LAYOUT_START_SIZE) {
		size_t left = LAYOUT_START_SIZE - (size_t)offset;
		size_t step = size < left ? size : left;
		memcpy(out, file->metadata.start + offset, step);
		return step;
	}
	struct part part = part_at(offset, size);
	if (!protected_file_make_room(file, NODES_PER_ACCESS, err))
		return 0;
	struct node *mht = nodes_mht_of(file, part.data, err);
	if (!mht)
		return 0;
	if (part.size == LAYOUT_NODE_SIZE && !mht->below[part.data % LAYOUT_MHT_DATA]) {
		tree_touch(&file->tree, mht);
		return read_run(file, mht, part, out, size, err);
	}
	const struct node *node = nodes_load(file, part.data, err);
	if (!node)
		return 0;
	memcpy(out, node->plain + part.from, part.size);
	return part.size;
}

bool protected_file_read(struct protected_file *file, uint64_t offset, void *out, size_t size,
	size_t *got, struct error *err)
{
	uint64_t left = offset < file->metadata.size ? file->metadata.size - offset : 0;
	size_t wanted = size < left ? size : (size_t)left;
	for (*got = 0; *got < wanted;) {
		size_t step =
			read_some(file, offset + *got, (uint8_t *)out + *got, wanted - *got, err);
		if (!step)
			return false;
		*got += step;
	}
	return true;
}

/* The node for writing a part that begins within the file or at its end. */
static struct node *node_to_write(
	struct protected_file *file, const struct part *part, struct error *err)
{
	if (!protected_file_make_room(file, NODES_PER_ACCESS, err))
		return NULL;
	struct node *node;
	if (part->data >= layout_data_count(file->metadata.size))
		node = nodes_append(file, err);
	else if (part->size == LAYOUT_NODE_SIZE)
		node = nodes_replace(file, part->data, err);
	else
		node = nodes_load(file, part->data, err);
	if (node)
		tree_mark_dirty(&file->tree, node);
	return node;
}

static void copy_or_clear(uint8_t *to, const uint8_t *from, size_t size)
{
	if (from)
		memcpy(to, from, size);
	else
		memset(to, 0, size);
}

/* Writes some bytes, zeros if data is NULL, at an offset that is not behind the end. */
static size_t write_some(struct protected_file *file, uint64_t offset, const uint8_t *data,
	uint64_t size, struct error *err)
{
	size_t step;
	if (offset < LAYOUT_START_SIZE) {
		size_t left = LAYOUT_START_SIZE - (size_t)offset;
		step = size < left ? (size_t)size : left;
		copy_or_clear(file->metadata.start + offset, data, step);
	} else {
		struct part part = part_at(offset, size);
		struct node *node = node_to_write(file, &part, err);
		if (!node)
			return 0;
		copy_or_clear(node->plain + part.from, data, part.size);
		step = part.size;
	}
	if (offset + step > file->metadata.size)
		file->metadata.size = offset + step;
	file->is_dirty = true;
	return step;
}

static bool write_all(struct protected_file *file, uint64_t offset, const uint8_t *data,
	uint64_t size, struct error *err)
{
	while (size) {
		size_t step = write_some(file, offset, data, size, err);
		if (!step)
			return false;
		offset += step;
		size -= step;
		if (data)
			data += step;
	}
	return true;
}

static bool grow(struct protected_file *file, uint64_t size, struct error *err)
{
	uint64_t end = file->metadata.size;
	return write_all(file, end, NULL, size - end, err);
}

static bool refuse_size(struct error *err)
{
	return host_file_failed(EFBIG, "let it grow so far", err);
}

bool protected_file_write(struct protected_file *file, uint64_t offset, const void *data,
	size_t size, struct error *err)
{
	if (offset > LAYOUT_SIZE_MAX || size > LAYOUT_SIZE_MAX - offset)
		return refuse_size(err);
	if (size && offset > file->metadata.size && !grow(file, offset, err))
		return false;
	return write_all(file, offset, data, size, err);
}

/* Nothing of what is cut off stays in the last node; growing would overwrite it in any case. */
static bool clear_tail(struct protected_file *file, uint64_t size, struct error *err)
{
	if (size <= LAYOUT_START_SIZE) {
		memory_wipe(file->metadata.start + size, LAYOUT_START_SIZE - (size_t)size);
		return true;
	}
	struct part last = part_at(size - 1, 1);
	struct node *node = node_to_write(file, &last, err);
	if (!node)
		return false;
	memory_wipe(node->plain + last.from + 1, LAYOUT_NODE_SIZE - last.from - 1);
	return true;
}

bool protected_file_resize(struct protected_file *file, uint64_t size, struct error *err)
{
	if (size > LAYOUT_SIZE_MAX)
		return refuse_size(err);
	if (size > file->metadata.size)
		return grow(file, size, err);
	if (size == file->metadata.size)
		return true;
	/* first, so that a file which the host has no room for can be made smaller */
	nodes_cut(file, size);
	file->metadata.size = size;
	file->is_dirty = true;
	return clear_tail(file, size, err);
}

static bool set_path(struct protected_file *file, const char *path, struct error *err)
{
	size_t length = strlen(path);
	if (length >= METADATA_PATH_SIZE)
		return host_file_failed(ENAMETOOLONG, "bind it to so long a path", err);
	memset(file->metadata.path, 0, sizeof(file->metadata.path));
	memcpy(file->metadata.path, path, length);
	file->is_dirty = true;
	return true;
}

bool protected_file_rename(struct protected_file *file, const char *path, struct error *err)
{
	return set_path(file, path, err) && protected_file_flush(file, err);
}

bool protected_file_sync(struct protected_file *file, struct error *err)
{
	file->is_durable = true;
	if (!protected_file_flush(file, err))
		return false;
	int error = file->host->sync(file->host);
	return !error || host_file_failed(error, "make it durable", err);
}

static struct protected_file *new_file(const struct protected_options *options)
{
	struct protected_file *file = xcalloc(1, sizeof(*file));
	file->host = options->host;
	file->side = options->side;
	memcpy(file->key, options->key, sizeof(file->key));
	file->cipher = cipher_new();
	return file;
}

struct protected_file *protected_file_create(
	const struct protected_options *options, struct error *err)
{
	AUTO(auto_protected_file) struct protected_file *file = new_file(options);
	file->metadata.format = options->upgrade ? PROTECTED_GRAMINE_2 : options->format;
	if (!set_path(file, options->path, err) || !protected_file_flush(file, err))
		return NULL;
	int error = file->host->resize(file->host, LAYOUT_NODE_SIZE);
	if (!error)
		return TAKE(file);
	host_file_failed(error, "empty it", err);
	return NULL;
}

static bool check_size(const struct protected_file *file, uint64_t host_size, struct error *err)
{
	if (layout_node_count(file->metadata.size) <= host_size / LAYOUT_NODE_SIZE)
		return true;
	return error_set(err, ERROR_DENIED, "it was cut off: %llu bytes of data cannot be in it",
		(unsigned long long)file->metadata.size);
}

static bool check_path(const struct protected_file *file, const char *path, struct error *err)
{
	if (!path || !strcmp(file->metadata.path, path))
		return true;
	return error_set(err, ERROR_DENIED,
		"it is bound to the path \"%s\": it was moved, or the mount names it otherwise",
		file->metadata.path);
}

static bool read_metadata_node(struct protected_file *file, struct error *err)
{
	int error = file->host->read(file->host, 0, file->metadata_node, LAYOUT_NODE_SIZE);
	return !error || host_file_failed(error, "read", err);
}

static bool roll_back(struct protected_file *file, struct host_file *journal, struct error *err)
{
	return !journal_belongs_to(journal, file->metadata_node) ||
	       (journal_roll_back(journal, file->host, err) && read_metadata_node(file, err));
}

/* Takes an interrupted write back, if there is one and a side file to do it. */
static bool recover(struct protected_file *file, struct error *err)
{
	if (!file->side)
		return true;
	struct host_file *journal = file->side->open(file->side, false);
	if (journal) {
		bool done = roll_back(file, journal, err);
		journal->close(journal);
		if (!done)
			return false;
	}
	if (!metadata_is_pending(file->metadata_node)) {
		if (journal)
			file->side->remove(file->side);
		return true;
	}
	return error_set(err, ERROR_STATE,
		"writing it was interrupted, and its %s file, from which that could be taken back, "
		"is not there",
		SIDE_FILE_SUFFIX);
}

struct protected_file *protected_file_open(
	const struct protected_options *options, struct error *err)
{
	AUTO(auto_protected_file) struct protected_file *file = new_file(options);
	uint64_t host_size;
	int error = file->host->size(file->host, &host_size);
	if (error) {
		host_file_failed(error, "learn its size", err);
		return NULL;
	}
	if (!host_size || host_size % LAYOUT_NODE_SIZE) {
		error_set(err, ERROR_INVALID,
			"it is no protected file: its size is not a multiple of %d",
			LAYOUT_NODE_SIZE);
		return NULL;
	}
	if (!read_metadata_node(file, err) || !recover(file, err) ||
		!metadata_open(
			&file->metadata, file->metadata_node, file->key, file->cipher, err) ||
		!check_size(file, host_size, err) || !check_path(file, options->path, err))
		return NULL;
	file->flushed_size = file->metadata.size;
	if (options->upgrade)
		file->metadata.format = PROTECTED_GRAMINE_2;
	return TAKE(file);
}

void protected_file_move_side(struct protected_file *file)
{
	if (file->journal)
		file->journal->close(file->journal);
	file->journal = NULL;
}

void protected_file_forget_side(struct protected_file *file)
{
	protected_file_move_side(file);
	file->side = NULL;
}

void protected_file_close(struct protected_file *file)
{
	if (!file)
		return;
	if (file->journal && !file->is_broken)
		file->side->remove(file->side);
	protected_file_forget_side(file);
	tree_clear(&file->tree);
	cipher_free(file->cipher);
	file->host->close(file->host);
	memory_wipe(file, sizeof(*file));
	free(file);
}
