/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of a protected file that are in memory, decrypted: a part of the tree of MHT nodes with
 * some data nodes, and the order of their use. A node is here only together with all above it, and
 * they count as used after it; so the one that was not used for longest has none below.
 */
#ifndef PROTECTED_TREE_H
#define PROTECTED_TREE_H

#include "protected/cipher.h"
#include "protected/layout.h"

struct node {
	struct node *parent; /* an MHT node; NULL for the root */
	unsigned slot;       /* in the parent */
	uint64_t number;     /* among the data nodes or among the MHT nodes */
	struct node **below; /* of an MHT node: by slot, NULL for what is not here */
	bool is_dirty;       /* differs from what is on the host; then all above are dirty, too */
	struct node *newer;
	struct node *older;
	uint8_t plain[LAYOUT_NODE_SIZE];
};

struct tree {
	struct node *root;
	struct node *newest;
	struct node *oldest;
	size_t count;
	size_t dirty_count;
};

/* An MHT node's key and tag for a slot. */
uint8_t *node_key(struct node *mht, unsigned slot);
uint8_t *node_tag(struct node *mht, unsigned slot);

/* In the file, in nodes. */
uint64_t node_position(const struct node *node);

/* A new node of zeros, the last used one; without parent it is the root. */
struct node *tree_add(
	struct tree *tree, struct node *parent, unsigned slot, uint64_t number, bool is_mht);
/* Makes the node, and those above it, the last used. */
void tree_touch(struct tree *tree, struct node *node);
void tree_mark_dirty(struct tree *tree, struct node *node);
void tree_mark_clean(struct tree *tree, struct node *node);
/* Wipes and frees a node that has none below it. */
void tree_remove(struct tree *tree, struct node *node);
void tree_clear(struct tree *tree);

#endif
