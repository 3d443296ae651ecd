/* SPDX-License-Identifier: Apache-2.0 */
#include "protected/tree.h"

#include "base/memory.h"

#define ENTRY_SIZE (CIPHER_KEY_SIZE + CIPHER_TAG_SIZE)

uint8_t *node_key(struct node *mht, unsigned slot)
{
	return mht->plain + (size_t)slot * ENTRY_SIZE;
}

uint8_t *node_tag(struct node *mht, unsigned slot)
{
	return node_key(mht, slot) + CIPHER_KEY_SIZE;
}

uint64_t node_position(const struct node *node)
{
	return node->below ? layout_mht_position(node->number) : layout_data_position(node->number);
}

static void append(struct tree *tree, struct node *node)
{
	node->newer = NULL;
	node->older = tree->newest;
	if (tree->newest)
		tree->newest->newer = node;
	else
		tree->oldest = node;
	tree->newest = node;
}

static void take_out(struct tree *tree, struct node *node)
{
	if (node->older)
		node->older->newer = node->newer;
	else
		tree->oldest = node->newer;
	if (node->newer)
		node->newer->older = node->older;
	else
		tree->newest = node->older;
}

struct node *tree_add(
	struct tree *tree, struct node *parent, unsigned slot, uint64_t number, bool is_mht)
{
	struct node *node = xcalloc(1, sizeof(*node));
	node->parent = parent;
	node->slot = slot;
	node->number = number;
	if (is_mht)
		node->below = xcalloc(LAYOUT_MHT_SLOTS, sizeof(*node->below));
	if (parent)
		parent->below[slot] = node;
	else
		tree->root = node;
	append(tree, node);
	tree->count++;
	tree_touch(tree, node);
	return node;
}

void tree_touch(struct tree *tree, struct node *node)
{
	for (; node; node = node->parent) {
		take_out(tree, node);
		append(tree, node);
	}
}

void tree_mark_dirty(struct tree *tree, struct node *node)
{
	for (; node && !node->is_dirty; node = node->parent) {
		node->is_dirty = true;
		tree->dirty_count++;
	}
}

void tree_mark_clean(struct tree *tree, struct node *node)
{
	tree->dirty_count -= node->is_dirty;
	node->is_dirty = false;
}

void tree_remove(struct tree *tree, struct node *node)
{
	if (node->parent)
		node->parent->below[node->slot] = NULL;
	else
		tree->root = NULL;
	take_out(tree, node);
	tree_mark_clean(tree, node);
	tree->count--;
	free(node->below);
	memory_wipe(node, sizeof(*node));
	free(node);
}

void tree_clear(struct tree *tree)
{
	for (struct node *node = tree->oldest; node;) {
		struct node *newer = node->newer;
		tree_remove(tree, node);
		node = newer;
	}
}
