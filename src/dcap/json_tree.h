/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signed document (spec dcap.md clause 3.1) as the values that it has: strict JSON (RFC 8259),
 * read in one pass into one array, since reading it must cost little beside its signature. Names
 * have no escapes and none is there twice, so that nobody can read it in another way. Escapes in
 * texts have to exist, but are not decoded: those of lone surrogates are accepted.
 */
#ifndef DCAP_JSON_TREE_H
#define DCAP_JSON_TREE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_TREE_DEPTH_MAX   8  /* levels of {} and [], the outermost included */
#define JSON_TREE_MEMBERS_MAX 64 /* of one object */

enum json_node_kind {
	JSON_NODE_OBJECT,
	JSON_NODE_ARRAY,
	JSON_NODE_TEXT,
	JSON_NODE_NUMBER,
	JSON_NODE_WORD, /* true, false or null */
};

/* A value. Behind an object or array stand the values in it, each with what is in it. */
struct json_node {
	enum json_node_kind kind;
	bool is_plain; /* a text of printable ASCII without escapes; a number of digits alone */
	uint32_t name_hash; /* of a member */
	const char *name;   /* of a member; NULL in an array */
	const char *text;   /* of a text, as it is spelled */
	uint32_t number;    /* of a plain one up to UINT32_MAX */
	uint32_t count;     /* members or elements */
	uint32_t span;      /* nodes from this one to the next value that is not in it */
};

struct json_tree {
	struct buf text; /* a copy, in which names and texts end with NUL */
	struct json_node *nodes;
	size_t count;
	size_t capacity;
};

/*
 * Reads one object that fills `text`, which is UTF-8. ERROR_INVALID says what is wrong at which
 * byte. The tree is to be freed in either case.
 */
bool json_tree_read(struct bytes text, struct json_tree *out, struct error *err);
void json_tree_free(struct json_tree *tree);

/* The outermost object. */
const struct json_node *json_tree_root(const struct json_tree *tree);
/* The member of an object; NULL if it has none of this name, or is no object. */
const struct json_node *json_node_member(const struct json_node *object, const char *name);
/* What stands first in a container that is not empty, and what follows its `count - 1` first. */
const struct json_node *json_node_first(const struct json_node *container);
const struct json_node *json_node_next(const struct json_node *node);

#endif
