/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the parts of a protected file stand (spec graphene-protected-files.md clause 2). A file is
 * a row of nodes of 4096 bytes: metadata with the first data bytes, then data nodes with the tree
 * of MHT nodes, which hold the keys, between them. Data nodes and MHT nodes are counted from 0
 * each.
 */
#ifndef PROTECTED_LAYOUT_H
#define PROTECTED_LAYOUT_H

#include <stdint.h>

#define LAYOUT_NODE_SIZE    4096
#define LAYOUT_START_SIZE   3072 /* data bytes that the metadata holds */
#define LAYOUT_MHT_DATA     96   /* data nodes whose keys an MHT node holds, */
#define LAYOUT_MHT_CHILDREN 32   /* and MHT nodes */
#define LAYOUT_MHT_SLOTS    (LAYOUT_MHT_DATA + LAYOUT_MHT_CHILDREN)
#define LAYOUT_MHT_DEPTH    16           /* of the tree at LAYOUT_SIZE_MAX, and some */
#define LAYOUT_SIZE_MAX     (1ULL << 60) /* data bytes, so that offsets on the host fit */

/* Data nodes of so many data bytes. */
uint64_t layout_data_count(uint64_t size);
/* Nodes of any kind that so many data bytes refer to; what follows them in the file is left over.
 */
uint64_t layout_node_count(uint64_t size);

/* Positions in the file, in nodes. */
uint64_t layout_data_position(uint64_t data);
uint64_t layout_mht_position(uint64_t mht);

/* Of MHT nodes but the root, which is 0. */
uint64_t layout_mht_parent(uint64_t mht);
unsigned layout_mht_slot(uint64_t mht);

/* The data node with the byte at an offset of at least LAYOUT_START_SIZE. */
uint64_t layout_data_at(uint64_t offset);
/* The offset of the first byte in a data node. */
uint64_t layout_data_offset(uint64_t data);

#endif
