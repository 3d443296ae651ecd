/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml_json.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "cli/yaml_scalar.h"
#include "cli/yaml_tree.h"

#include <stdlib.h>
#include <string.h>

/* Aliases let a few lines stand for any amount of work, so the steps are counted. */
#define STEPS_MAX 2000000

struct writer {
	struct buf *out;
	size_t steps;
	struct error *err;
};

static bool put_node(struct writer *w, const struct yaml_node *node, unsigned depth);

static bool take_step(struct writer *w, const struct yaml_node *node, unsigned depth)
{
	if (depth > YAML_DEPTH_MAX)
		return error_set(w->err, ERROR_INVALID, "line %zu: nested more than %d levels deep",
			node->line, YAML_DEPTH_MAX);
	if (++w->steps > STEPS_MAX || w->out->size > YAML_JSON_MAX)
		return error_set(w->err, ERROR_INVALID,
			"line %zu: its aliases make the document too large", node->line);
	return true;
}

struct member {
	struct buf name;
	const struct yaml_node *value;
	size_t line;
	size_t mapping; /* number of the mapping that it was written in */
	size_t order;   /* of precedence: own members before merged ones */
};

struct members {
	struct member *list;
	size_t count;
	size_t capacity;
	size_t mappings;
};

static void members_free(struct members *m)
{
	for (size_t i = 0; i < m->count; i++)
		buf_free(&m->list[i].name);
	free(m->list);
}

static bool add_member(struct writer *w, struct members *m, const struct yaml_node *key,
	const struct yaml_node *value, size_t mapping)
{
	if (key->kind != YAML_KIND_SCALAR)
		return error_set(
			w->err, ERROR_INVALID, "line %zu: a key must be a text", key->line);
	if (m->count == m->capacity) {
		m->capacity = m->capacity ? 2 * m->capacity : 8;
		m->list = xreallocarray(m->list, m->capacity, sizeof(*m->list));
	}
	struct member *added = &m->list[m->count];
	*added = (struct member){
		.value = value, .line = key->line, .mapping = mapping, .order = m->count
	};
	m->count++;
	return yaml_scalar_put_name(key, &added->name, w->err);
}

static bool collect(
	struct writer *w, struct members *m, const struct yaml_node *node, unsigned depth);

static bool collect_merged(
	struct writer *w, struct members *m, const struct yaml_node *value, unsigned depth)
{
	if (value->kind == YAML_KIND_MAPPING)
		return collect(w, m, value, depth);
	bool fits = value->kind == YAML_KIND_SEQUENCE;
	for (size_t i = 0; fits && i < value->count; i++) {
		fits = value->items[i]->kind == YAML_KIND_MAPPING;
		if (fits && !collect(w, m, value->items[i], depth))
			return false;
	}
	return fits ||
	       error_set(w->err, ERROR_INVALID,
		       "line %zu: \"<<\" takes a mapping or a list of mappings", value->line);
}

/* The members of a mapping, then those that it merges, then those that these merge. */
static bool collect(
	struct writer *w, struct members *m, const struct yaml_node *node, unsigned depth)
{
	size_t mapping = m->mappings++;
	for (size_t i = 0; i + 1 < node->count; i += 2) {
		if (!take_step(w, node, depth))
			return false;
		if (!yaml_scalar_is_merge(node->items[i]) &&
			!add_member(w, m, node->items[i], node->items[i + 1], mapping))
			return false;
	}
	for (size_t i = 0; i + 1 < node->count; i += 2) {
		if (yaml_scalar_is_merge(node->items[i]) &&
			!collect_merged(w, m, node->items[i + 1], depth + 1))
			return false;
	}
	return true;
}

static int compare_names(const struct member *a, const struct member *b)
{
	size_t shorter = a->name.size < b->name.size ? a->name.size : b->name.size;
	int order = shorter ? memcmp(a->name.data, b->name.data, shorter) : 0;
	return order ? order : (a->name.size > b->name.size) - (a->name.size < b->name.size);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	int order = compare_names(x, y);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool put_member(struct writer *w, const struct member *member, bool is_first, unsigned depth)
{
	if (!is_first)
		buf_put_u8(w->out, ',');
	json_text_put(w->out, buf_text(&member->name), member->name.size);
	buf_put_u8(w->out, ':');
	return put_node(w, member->value, depth);
}

static bool refuse_duplicate(
	struct writer *w, const struct member *first, const struct member *again)
{
	AUTO(buf_free) struct buf name = { 0 };
	json_text_put(&name, buf_text(&again->name), again->name.size);
	return error_set(w->err, ERROR_INVALID,
		"line %zu: the key %s is there already, in line %zu", again->line, buf_text(&name),
		first->line);
}

static bool put_mapping(struct writer *w, const struct yaml_node *node, unsigned depth)
{
	AUTO(members_free) struct members m = { 0 };
	if (!collect(w, &m, node, depth))
		return false;
	if (m.count)
		qsort(m.list, m.count, sizeof(*m.list), compare_members);
	buf_put_u8(w->out, '{');
	for (size_t i = 0; i < m.count; i++) {
		const struct member *member = &m.list[i];
		if (i == 0 || compare_names(member - 1, member) != 0) {
			if (!put_member(w, member, i == 0, depth + 1))
				return false;
		} else if (member[-1].mapping == member->mapping) {
			return refuse_duplicate(w, member - 1, member);
		} /* else it was merged, and what is there already has more weight */
	}
	buf_put_u8(w->out, '}');
	return true;
}

static bool put_sequence(struct writer *w, const struct yaml_node *node, unsigned depth)
{
	buf_put_u8(w->out, '[');
	for (size_t i = 0; i < node->count; i++) {
		if (i)
			buf_put_u8(w->out, ',');
		if (!put_node(w, node->items[i], depth + 1))
			return false;
	}
	buf_put_u8(w->out, ']');
	return true;
}

static bool put_node(struct writer *w, const struct yaml_node *node, unsigned depth)
{
	if (!take_step(w, node, depth))
		return false;
	switch (node->kind) {
	case YAML_KIND_MAPPING:
		return put_mapping(w, node, depth);
	case YAML_KIND_SEQUENCE:
		return put_sequence(w, node, depth);
	case YAML_KIND_SCALAR:
		break;
	}
	return yaml_scalar_put_json(node, w->out, w->err);
}

bool yaml_to_json(struct bytes yaml, struct buf *json, struct error *err)
{
	AUTO(yaml_tree_free) struct yaml_tree tree = { 0 };
	struct writer w = { .out = json, .err = err };
	return yaml_tree_read(yaml, &tree, err) && put_node(&w, tree.root, 0);
}
