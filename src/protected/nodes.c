/* SPDX-License-Identifier: Apache-2.0 */
/* Finding nodes of a protected file: those in memory, else from the host, else new. */
#include "protected/file_private.h"

#include "base/memory.h"

enum source {
	FROM_HOST,
	FROM_NOTHING, /* zeros */
};

static bool refuse_changed(struct error *err)
{
	return error_set(err, ERROR_DENIED, "a part of it was changed outside of the enclave");
}

/* Fills a new node from the host. */
static bool fetch(struct protected_file *file, struct node *node, struct error *err)
{
	uint8_t sealed[LAYOUT_NODE_SIZE];
	const struct node *parent = node->parent;
	const uint8_t *key = parent ? node_key(node->parent, node->slot) : file->metadata.root_key;
	const uint8_t *tag = parent ? node_tag(node->parent, node->slot) : file->metadata.root_tag;
	int error = file->host->read(
		file->host, node_position(node) * LAYOUT_NODE_SIZE, sealed, sizeof(sealed));
	if (error)
		return host_file_failed(error, "read", err);
	return cipher_decrypt(file->cipher, key, sealed, sizeof(sealed), node->plain, tag) ||
	       refuse_changed(err);
}

static struct node *add(struct protected_file *file, struct node *parent, unsigned slot,
	uint64_t number, bool is_mht, enum source source, struct error *err)
{
	struct node *node = tree_add(&file->tree, parent, slot, number, is_mht);
	if (source == FROM_HOST && !fetch(file, node, err)) {
		tree_remove(&file->tree, node);
		return NULL;
	}
	return node;
}

/* `source` is that of the node itself; those above it are there. */
static struct node *find_mht(
	struct protected_file *file, uint64_t mht, enum source source, struct error *err)
{
	uint64_t way[LAYOUT_MHT_DEPTH];
	size_t steps = 0;
	for (uint64_t next = mht; next; next = layout_mht_parent(next))
		way[steps++] = next;
	struct node *node = file->tree.root;
	if (!node)
		node = add(file, NULL, 0, 0, true, steps ? FROM_HOST : source, err);
	while (node && steps) {
		uint64_t next = way[--steps];
		unsigned slot = layout_mht_slot(next);
		struct node *parent = node;
		node = parent->below[slot];
		if (!node)
			node = add(file, parent, slot, next, true, steps ? FROM_HOST : source, err);
	}
	return node;
}

struct node *nodes_mht_of(struct protected_file *file, uint64_t data, struct error *err)
{
	return find_mht(file, data / LAYOUT_MHT_DATA, FROM_HOST, err);
}

static struct node *find_data(
	struct protected_file *file, uint64_t data, enum source source, struct error *err)
{
	struct node *mht = nodes_mht_of(file, data, err);
	if (!mht)
		return NULL;
	unsigned slot = (unsigned)(data % LAYOUT_MHT_DATA);
	struct node *node = mht->below[slot];
	if (!node)
		return add(file, mht, slot, data, false, source, err);
	tree_touch(&file->tree, node);
	return node;
}

struct node *nodes_load(struct protected_file *file, uint64_t data, struct error *err)
{
	return find_data(file, data, FROM_HOST, err);
}

struct node *nodes_replace(struct protected_file *file, uint64_t data, struct error *err)
{
	return find_data(file, data, FROM_NOTHING, err);
}

struct node *nodes_append(struct protected_file *file, struct error *err)
{
	uint64_t data = layout_data_count(file->metadata.size);
	/* the first data node of an MHT node brings that one with it */
	if (data % LAYOUT_MHT_DATA == 0 &&
		!find_mht(file, data / LAYOUT_MHT_DATA, FROM_NOTHING, err))
		return NULL;
	return find_data(file, data, FROM_NOTHING, err);
}

void nodes_cut(struct protected_file *file, uint64_t size)
{
	uint64_t end = layout_node_count(size);
	/* a node comes before those above it, which stand before it in the file */
	for (struct node *node = file->tree.oldest; node;) {
		struct node *newer = node->newer;
		if (node_position(node) >= end)
			tree_remove(&file->tree, node);
		node = newer;
	}
}
