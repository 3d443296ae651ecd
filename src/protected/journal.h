/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side file of an interrupted write, as Gramine 1.9 has it (spec graphene-protected-files.md
 * clause 8): before nodes are overwritten in place, what they held is saved there, the metadata
 * last. It belongs to a file whose metadata is the saved one, and to no other state of it, which is
 * why it may also stay behind, and why it works for formats without a flag.
 */
#ifndef PROTECTED_JOURNAL_H
#define PROTECTED_JOURNAL_H

#include "protected/host_file.h"
#include "protected/layout.h"

/* Replaces the content of `side` by that of the nodes at these positions in `host`, then metadata.
 */
bool journal_save(struct host_file *side, struct host_file *host, const uint64_t *positions,
	size_t count, const uint8_t metadata[LAYOUT_NODE_SIZE], struct error *err);

/* True if it is complete and belongs to a file with this metadata node, whose flag does not count.
 */
bool journal_belongs_to(struct host_file *side, const uint8_t metadata[LAYOUT_NODE_SIZE]);

/* Puts the saved nodes back, the metadata last; may be repeated when it was interrupted. */
bool journal_roll_back(struct host_file *side, struct host_file *host, struct error *err);

#endif
