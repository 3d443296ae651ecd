/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml_tree.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <string.h>
#include <yaml.h>

struct anchor {
	char *name;
	struct yaml_node *node;
};

struct composer {
	yaml_parser_t parser;
	struct yaml_tree *tree;
	struct anchor *anchors;
	size_t anchor_count;
	struct error *err;
};

static void composer_free(struct composer *c)
{
	yaml_parser_delete(&c->parser);
	for (size_t i = 0; i < c->anchor_count; i++)
		free(c->anchors[i].name);
	free(c->anchors);
}

static bool next_event(struct composer *c, yaml_event_t *event)
{
	if (yaml_parser_parse(&c->parser, event))
		return true;
	return error_set(c->err, ERROR_INVALID, "line %zu, column %zu: %s",
		c->parser.problem_mark.line + 1, c->parser.problem_mark.column + 1,
		c->parser.problem ? c->parser.problem : "malformed");
}

static struct yaml_node *add_node(struct composer *c, enum yaml_kind kind, size_t line)
{
	struct yaml_tree *tree = c->tree;
	if (tree->node_count == YAML_NODES_MAX) {
		error_set(c->err, ERROR_INVALID, "line %zu: more than %d values", line,
			YAML_NODES_MAX);
		return NULL;
	}
	if (tree->node_count == tree->node_capacity) {
		tree->node_capacity = tree->node_capacity ? 2 * tree->node_capacity : 64;
		tree->nodes =
			xreallocarray(tree->nodes, tree->node_capacity, sizeof(struct yaml_node *));
	}
	struct yaml_node *node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->line = line;
	tree->nodes[tree->node_count++] = node;
	return node;
}

static void add_item(struct yaml_node *node, struct yaml_node *item)
{
	if (node->count == node->capacity) {
		node->capacity = node->capacity ? 2 * node->capacity : 4;
		node->items =
			xreallocarray(node->items, node->capacity, sizeof(struct yaml_node *));
	}
	node->items[node->count++] = item;
}

static void add_anchor(struct composer *c, const yaml_char_t *name, struct yaml_node *node)
{
	if (!name)
		return;
	c->anchors = xreallocarray(c->anchors, c->anchor_count + 1, sizeof(*c->anchors));
	c->anchors[c->anchor_count++] = (struct anchor){ xstrdup((const char *)name), node };
}

/* The latest anchor of that name counts, as YAML allows to define one again. */
static struct yaml_node *find_anchor(struct composer *c, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	size_t line = event->start_mark.line + 1;
	for (size_t i = c->anchor_count; i-- > 0;) {
		if (strcmp(c->anchors[i].name, name))
			continue;
		if (c->anchors[i].node->is_complete)
			return c->anchors[i].node;
		error_set(c->err, ERROR_INVALID, "line %zu: anchor \"%s\" contains itself", line,
			name);
		return NULL;
	}
	error_set(c->err, ERROR_INVALID, "line %zu: there is no anchor \"%s\"", line, name);
	return NULL;
}

static struct yaml_node *compose_scalar(struct composer *c, const yaml_event_t *event)
{
	struct yaml_node *node = add_node(c, YAML_KIND_SCALAR, event->start_mark.line + 1);
	if (!node)
		return NULL;
	if (event->data.scalar.tag)
		node->tag = xstrdup((const char *)event->data.scalar.tag);
	node->is_plain = !node->tag && event->data.scalar.plain_implicit;
	buf_put(&node->text, event->data.scalar.value, event->data.scalar.length);
	node->is_complete = true;
	add_anchor(c, event->data.scalar.anchor, node);
	return node;
}

static struct yaml_node *compose(struct composer *c, const yaml_event_t *event, unsigned depth);

static struct yaml_node *compose_collection(
	struct composer *c, const yaml_event_t *event, unsigned depth)
{
	bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
	size_t line = event->start_mark.line + 1;
	struct yaml_node *node =
		add_node(c, is_mapping ? YAML_KIND_MAPPING : YAML_KIND_SEQUENCE, line);
	if (!node)
		return NULL;
	add_anchor(c,
		is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
		node);
	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t inner = { 0 };
		if (!next_event(c, &inner))
			return NULL;
		if (inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT)
			break;
		struct yaml_node *item = compose(c, &inner, depth + 1);
		if (!item)
			return NULL;
		add_item(node, item);
	}
	node->is_complete = true;
	return node;
}

static struct yaml_node *compose(struct composer *c, const yaml_event_t *event, unsigned depth)
{
	if (event->type == YAML_ALIAS_EVENT)
		return find_anchor(c, event);
	if (event->type == YAML_SCALAR_EVENT)
		return compose_scalar(c, event);
	if (depth < YAML_DEPTH_MAX)
		return compose_collection(c, event, depth);
	error_set(c->err, ERROR_INVALID, "line %zu: nested more than %d levels deep",
		event->start_mark.line + 1, YAML_DEPTH_MAX);
	return NULL;
}

/* Everything below the events that only mark where stream and document start and end. */
static bool compose_stream(struct composer *c)
{
	for (;;) {
		AUTO(yaml_event_delete) yaml_event_t event = { 0 };
		if (!next_event(c, &event))
			return false;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_STREAM_END_EVENT:
			return c->tree->root || error_set(c->err, ERROR_INVALID, "it is empty");
		case YAML_DOCUMENT_START_EVENT:
			if (c->tree->root)
				return error_set(c->err, ERROR_INVALID,
					"line %zu: a second document starts, only one can be used",
					event.start_mark.line + 1);
			break;
		default:
			c->tree->root = compose(c, &event, 0);
			if (!c->tree->root)
				return false;
		}
	}
}

bool yaml_tree_read(struct bytes text, struct yaml_tree *tree, struct error *err)
{
	AUTO(composer_free) struct composer c = { .tree = tree, .err = err };
	if (!yaml_parser_initialize(&c.parser))
		return error_set(err, ERROR_INTERNAL, "cannot start the YAML parser");
	yaml_parser_set_input_string(
		&c.parser, text.size ? text.data : (const void *)"", text.size);
	return compose_stream(&c);
}

void yaml_tree_free(struct yaml_tree *tree)
{
	for (size_t i = 0; i < tree->node_count; i++) {
		struct yaml_node *node = tree->nodes[i];
		free(node->tag);
		free(node->items);
		buf_free(&node->text);
		free(node);
	}
	free(tree->nodes);
	*tree = (struct yaml_tree){ 0 };
}
