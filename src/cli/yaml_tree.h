/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML document as a tree of nodes, composed from libyaml's events. (libyaml's own document model
 * forgets whether a scalar had a tag, which decides between `12` and `!!str 12`.) Aliases point to
 * the node of their anchor, so that a node may have several parents, but never itself below it.
 */
#ifndef CLI_YAML_TREE_H
#define CLI_YAML_TREE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_DEPTH_MAX 100
#define YAML_NODES_MAX 200000

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	size_t line;              /* from 1 */
	char *tag;                /* in full ("tag:yaml.org,2002:int"); NULL for none */
	bool is_plain;            /* no tag and no quotation marks: the text tells the type */
	struct buf text;          /* of a scalar; may contain NUL */
	struct yaml_node **items; /* of a sequence; of a mapping key, value, key, value, … */
	size_t count;
	size_t capacity;
	bool is_complete; /* its end was seen, so that an alias may point to it */
};

struct yaml_tree {
	struct yaml_node *root;
	struct yaml_node **nodes; /* all of them, in the order of their start */
	size_t node_count;
	size_t node_capacity;
};

/*
 * Reads exactly one document. ERROR_INVALID, with the line, when it is malformed, too deep or too
 * large, and when there is none or a second one.
 */
bool yaml_tree_read(struct bytes text, struct yaml_tree *tree, struct error *err);
void yaml_tree_free(struct yaml_tree *tree);

#endif
