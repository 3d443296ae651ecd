/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of file.h share: an open file, its nodes, and room for them. */
#ifndef PROTECTED_FILE_PRIVATE_H
#define PROTECTED_FILE_PRIVATE_H

#include "protected/file.h"
#include "protected/tree.h"

struct protected_file {
	struct host_file *host;
	struct side_file *side;
	struct host_file *journal; /* the side file, once it is needed */
	uint8_t key[CIPHER_KEY_SIZE];
	struct cipher *cipher;

	struct metadata metadata;
	bool is_dirty; /* the metadata, as it always is when a node is */
	struct tree tree;

	/* what the host has: */
	uint8_t metadata_node[LAYOUT_NODE_SIZE];
	uint64_t flushed_size; /* of the data */

	bool is_durable; /* flushes outlive a crash of the machine */
	bool is_broken;  /* half overwritten, and what was there could not be put back */
};

/*
 * Makes sure that so many nodes can be added, flushing when it has to. Nodes that were returned
 * before may be gone afterwards.
 */
bool protected_file_make_room(struct protected_file *file, size_t nodes, struct error *err);

/* The most nodes that one of the functions below adds. */
#define NODES_PER_ACCESS (LAYOUT_MHT_DEPTH + 1)

/* The MHT node that has the keys of a data node. */
struct node *nodes_mht_of(struct protected_file *file, uint64_t data, struct error *err);
/* A data node as the host has it. */
struct node *nodes_load(struct protected_file *file, uint64_t data, struct error *err);
/* A data node that is there but will be overwritten as a whole: what the host has is not read. */
struct node *nodes_replace(struct protected_file *file, uint64_t data, struct error *err);
/* A data node of zeros behind the last one. */
struct node *nodes_append(struct protected_file *file, struct error *err);

/* Forgets the nodes that so many data bytes do not refer to. */
void nodes_cut(struct protected_file *file, uint64_t size);

#endif
