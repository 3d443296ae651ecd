/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed template: a list of texts, pipelines and control structures, which hold lists. A
 * pipeline is a list of commands, a command a list of operands. Nodes have a first child and a next
 * sibling, and all belong to the template.
 */
#ifndef MANIFEST_TEMPLATE_TREE_H
#define MANIFEST_TEMPLATE_TREE_H

#include "manifest/template.h"
#include "manifest/template_function.h"
#include "manifest/template_value.h"

enum template_node_kind {
	NODE_TEXT,     /* value: the text */
	NODE_LIST,     /* children: what follows each other */
	NODE_IF,       /* children: a pipeline, a list, perhaps the list behind else; */
	NODE_WITH,     /* … the same */
	NODE_RANGE,    /* … the same */
	NODE_BREAK,    /* out of a range */
	NODE_CONTINUE, /* with the next item of a range */
	NODE_PIPE,     /* children: commands; names: of the variables that it sets */
	NODE_COMMAND,  /* children: operands, the first of which may be a function */
	NODE_DOT,      /* . */
	NODE_FIELD,    /* .A.B: names */
	NODE_VARIABLE, /* $x.A.B: names, the first with its $ */
	NODE_CHAIN,    /* (…).A.B: child and names */
	NODE_FUNCTION, /* function */
	NODE_NIL,
	NODE_LITERAL, /* value */
};

struct template_node {
	enum template_node_kind kind;
	size_t position; /* in the text of the template */
	struct template_node *first;
	struct template_node *next;
	struct template_node *older; /* every node of the template but the first made has one */
	struct bytes source;         /* of a literal, as it was written */
	struct template_value value;
	const struct template_function *function;
	bool assigns;       /* of a pipeline: its variables exist already */
	struct buf content; /* of a string */
	struct buf names;   /* each with a NUL behind it */
};

struct template
{
	struct buf text;
	struct template_node *first;  /* a list */
	struct template_node *newest; /* of all nodes */
};

/* A new node that belongs to the template. */
struct template_node *template_node_new(
	struct template *template, enum template_node_kind kind, size_t position);

/* The next of the names behind `name`, or the first for NULL; NULL after the last. */
const char *template_node_name(const struct template_node *node, const char *name);

/* Appends the node as Go writes it in messages. */
void template_node_put(const struct template_node *node, struct buf *out);

/* The line, from 1, and the offset in it, of a place in the template. */
void template_locate(
	const struct template *template, size_t position, unsigned *line, size_t *column);

#endif
