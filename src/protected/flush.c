/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing what has changed in such an order that the file is the old or the new one at any moment
 * (spec graphene-protected-files.md clauses 4 and 8): first what the old metadata does not refer
 * to, then, after saving what is there, what has to be overwritten, and the metadata last.
 */
#include "protected/file_private.h"

#include "base/memory.h"
#include "crypto/digest.h"
#include "protected/journal.h"

#include <errno.h>
#include <string.h>

#define NODES_MAX 272 /* in memory per file: 256 for data and what an access may add */

struct flush {
	struct protected_file *file;
	struct node **nodes; /* the dirty ones by position */
	size_t count;
	size_t in_place; /* so many of them overwrite nodes to which the old metadata refers */
	uint8_t *sealed; /* what the host gets, node by node */
};

static int compare_positions(const void *a, const void *b)
{
	const struct node *const *x = a;
	const struct node *const *y = b;
	uint64_t x_position = node_position(*x);
	uint64_t y_position = node_position(*y);
	return (x_position > y_position) - (x_position < y_position);
}

static void collect(struct flush *flush)
{
	struct tree *tree = &flush->file->tree;
	flush->nodes = xcalloc(tree->dirty_count + 1, sizeof(struct node *));
	flush->sealed = xmalloc((tree->dirty_count + 1) * LAYOUT_NODE_SIZE);
	for (struct node *node = tree->oldest; node; node = node->newer) {
		if (node->is_dirty)
			flush->nodes[flush->count++] = node;
	}
	qsort(flush->nodes, flush->count, sizeof(struct node *), compare_positions);
	uint64_t end = layout_node_count(flush->file->flushed_size);
	while (flush->in_place < flush->count && node_position(flush->nodes[flush->in_place]) < end)
		flush->in_place++;
}

static void end_flush(struct flush *flush)
{
	free(flush->nodes);
	free(flush->sealed);
}

/* Each time with another key, which goes to the node above. */
static void seal(struct flush *flush, size_t i, const uint8_t *new_key)
{
	struct node *node = flush->nodes[i];
	struct metadata *metadata = &flush->file->metadata;
	uint8_t *key = node->parent ? node_key(node->parent, node->slot) : metadata->root_key;
	uint8_t *tag = node->parent ? node_tag(node->parent, node->slot) : metadata->root_tag;
	memcpy(key, new_key, CIPHER_KEY_SIZE);
	cipher_encrypt(flush->file->cipher, key, node->plain, LAYOUT_NODE_SIZE,
		flush->sealed + i * LAYOUT_NODE_SIZE, tag);
}

/* Data nodes first, then MHT nodes from the end of the file: those below before those above. */
static void seal_all(struct flush *flush)
{
	AUTO(buf_free) struct buf keys = { 0 };
	uint8_t *next = buf_extend(&keys, (flush->count + 1) * CIPHER_KEY_SIZE);
	random_bytes(next, flush->count * CIPHER_KEY_SIZE);
	for (size_t i = 0; i < flush->count; i++, next += CIPHER_KEY_SIZE) {
		if (!flush->nodes[i]->below)
			seal(flush, i, next);
	}
	for (size_t i = flush->count; i--;) {
		next -= CIPHER_KEY_SIZE;
		if (flush->nodes[i]->below)
			seal(flush, i, next);
	}
}

/* Nodes that stand together in the file are written together. */
static bool write_nodes(const struct flush *flush, size_t from, size_t to, struct error *err)
{
	struct host_file *host = flush->file->host;
	while (from < to) {
		uint64_t position = node_position(flush->nodes[from]);
		size_t count = 1;
		while (from + count < to &&
			node_position(flush->nodes[from + count]) == position + count)
			count++;
		int error = host->write(host, position * LAYOUT_NODE_SIZE,
			flush->sealed + from * LAYOUT_NODE_SIZE, count * LAYOUT_NODE_SIZE);
		if (error)
			return host_file_failed(error, "write", err);
		from += count;
	}
	return true;
}

static bool write_metadata_node(struct protected_file *file, const uint8_t *node, struct error *err)
{
	int error = file->host->write(file->host, 0, node, LAYOUT_NODE_SIZE);
	return !error || host_file_failed(error, "write", err);
}

/* In a file that is to be durable, what follows must not become durable before what went before. */
static bool keep_order(
	const struct protected_file *file, struct host_file *written, struct error *err)
{
	int error = file->is_durable ? written->sync(written) : 0;
	return !error || host_file_failed(error, "make it durable", err);
}

/* The root comes last of the nodes, as in Gramine. */
static bool save_nodes(const struct flush *flush, struct error *err)
{
	struct protected_file *file = flush->file;
	AUTO(auto_free) uint64_t *positions = xcalloc(flush->in_place, sizeof(*positions));
	for (size_t i = 0; i < flush->in_place; i++)
		positions[i] = node_position(flush->nodes[(i + 1) % flush->in_place]);
	return journal_save(file->journal, file->host, positions, flush->in_place,
		       file->metadata_node, err) &&
	       keep_order(file, file->journal, err);
}

/* Where no side file can be made, a write that is interrupted cannot be taken back. */
static bool prepare_overwriting(const struct flush *flush, struct error *err)
{
	struct protected_file *file = flush->file;
	if (!file->journal && file->side)
		file->journal = file->side->open(file->side, true);
	if (!file->journal)
		return true;
	if (!save_nodes(flush, err))
		return false;
	if (!metadata_has_flags(file->metadata_node))
		return true;
	uint8_t pending[LAYOUT_NODE_SIZE];
	memcpy(pending, file->metadata_node, sizeof(pending));
	metadata_set_pending(pending, true);
	return write_metadata_node(file, pending, err);
}

static bool write_metadata(struct protected_file *file, struct error *err)
{
	uint8_t nonce[METADATA_NONCE_SIZE];
	uint8_t node[LAYOUT_NODE_SIZE];
	random_bytes(nonce, sizeof(nonce));
	metadata_seal(&file->metadata, nonce, file->key, file->cipher, node);
	if (!keep_order(file, file->host, err) || !write_metadata_node(file, node, err))
		return false;
	memcpy(file->metadata_node, node, sizeof(node));
	file->flushed_size = file->metadata.size;
	return keep_order(file, file->host, err);
}

static bool overwrite(const struct flush *flush, struct error *err)
{
	struct protected_file *file = flush->file;
	if (prepare_overwriting(flush, err) && write_nodes(flush, 0, flush->in_place, err) &&
		write_metadata(file, err))
		return true;
	int reason = errno;
	/* what could be written so far must not be seen together with the rest of the old */
	if (file->journal && journal_belongs_to(file->journal, file->metadata_node))
		file->is_broken = !journal_roll_back(file->journal, file->host, NULL);
	errno = reason;
	return false;
}

static bool write_all(const struct flush *flush, struct error *err)
{
	if (!write_nodes(flush, flush->in_place, flush->count, err))
		return false;
	return flush->in_place ? overwrite(flush, err) : write_metadata(flush->file, err);
}

/* What is left over behind the end does no harm, so nothing depends on its removal. */
static void cut_host_file(const struct protected_file *file, uint64_t old_size)
{
	uint64_t end = layout_node_count(file->metadata.size);
	if (end < layout_node_count(old_size))
		(void)file->host->resize(file->host, end * LAYOUT_NODE_SIZE);
}

bool protected_file_flush(struct protected_file *file, struct error *err)
{
	if (!file->is_dirty)
		return true;
	if (file->is_broken)
		return host_file_failed(EIO, "write, as writing failed before", err);
	AUTO(end_flush) struct flush flush = { .file = file };
	uint64_t old_size = file->flushed_size;
	collect(&flush);
	seal_all(&flush);
	if (!write_all(&flush, err))
		return false;
	for (size_t i = 0; i < flush.count; i++)
		tree_mark_clean(&file->tree, flush.nodes[i]);
	cut_host_file(file, old_size);
	file->is_dirty = false;
	return true;
}

bool protected_file_make_room(struct protected_file *file, size_t nodes, struct error *err)
{
	struct tree *tree = &file->tree;
	while (tree->count + nodes > NODES_MAX) {
		if (tree->oldest->is_dirty && !protected_file_flush(file, err))
			return false;
		tree_remove(tree, tree->oldest);
	}
	return true;
}
