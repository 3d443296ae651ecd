/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/template_compare.h"
#include "manifest/template_evaluate.h"

/* Ranges within ranges of long keys would keep an event loop busy for hours. */
#define STEPS_MAX (1 << 20)

/* How a list ended. */
enum outcome { FAILED, DONE, BROKEN_OFF, CONTINUED };

static enum outcome walk_list(
	struct execution *x, const struct template_node *list, struct buf *out);

static bool put_value(struct execution *x, const struct template_node *pipe,
	struct template_value value, struct buf *out)
{
	if (value.kind == VALUE_MISSING) {
		buf_put_text(out, "<no value>");
		return true;
	}
	x->at = pipe;
	return template_value_put(&value, out, x->err) || execution_fail_here(x);
}

/* A pipeline that sets a variable shows nothing. */
static bool put_pipe(struct execution *x, const struct template_node *pipe, struct buf *out)
{
	struct template_value value = { .kind = VALUE_MISSING };
	return template_evaluate_pipe(x, pipe, &value) &&
	       (pipe->names.size || put_value(x, pipe, value, out));
}

/* The same list with another dot. */
static enum outcome walk_with(struct execution *x, const struct template_node *list,
	struct template_value dot, struct buf *out)
{
	struct template_value before = x->dot;
	x->dot = dot;
	enum outcome outcome = walk_list(x, list, out);
	x->dot = before;
	return outcome;
}

static enum outcome walk_choice(
	struct execution *x, const struct template_node *node, struct buf *out)
{
	struct template_value value = { .kind = VALUE_MISSING };
	const struct template_node *list = node->first->next;
	if (!template_evaluate_pipe(x, node->first, &value))
		return FAILED;
	if (template_value_is_true(x->data, &value))
		return walk_with(x, list, node->kind == NODE_WITH ? value : x->dot, out);
	return list->next ? walk_list(x, list->next, out) : DONE;
}

/* The names of an item's variables: the value's alone, or the index and the value's. */
static void set_item(struct execution *x, const struct template_node *pipe,
	const struct template_value *index, const struct template_value *item)
{
	const char *first = template_node_name(pipe, NULL);
	const char *second = first ? template_node_name(pipe, first) : NULL;
	if (second) {
		template_find_variable(x, first)->value = *index;
		template_find_variable(x, second)->value = *item;
	} else if (first) {
		template_find_variable(x, first)->value = *item;
	}
}

/* One turn; the variables that it declares end with it. */
static enum outcome walk_item(struct execution *x, const struct template_node *node,
	const struct template_value *index, const struct template_value *item, struct buf *out)
{
	size_t known = x->variable_count;
	set_item(x, node->first, index, item);
	enum outcome outcome = walk_with(x, node->first->next, *item, out);
	x->variable_count = known;
	return outcome == CONTINUED ? DONE : outcome;
}

static enum outcome walk_bytes(
	struct execution *x, const struct template_node *node, struct bytes bytes, struct buf *out)
{
	const uint8_t *data = bytes.data;
	enum outcome outcome = DONE;
	for (size_t i = 0; i < bytes.size && outcome == DONE; i++) {
		const struct template_value index = { .kind = VALUE_INT, .integer = (int64_t)i };
		const struct template_value item = { .kind = VALUE_UINT, .natural = data[i] };
		outcome = walk_item(x, node, &index, &item, out);
	}
	return outcome;
}

/* In the order of their names, as Go does with maps. */
static enum outcome walk_secrets(struct execution *x, const struct template_node *node,
	const struct template_value *secrets, struct buf *out)
{
	const struct strmap *map = x->data->secrets;
	enum outcome outcome = DONE;
	for (size_t i = 0; map && i < map->count && outcome == DONE; i++) {
		const char *name = map->entries[i].name;
		const struct template_value index = { .kind = VALUE_STRING,
			.bytes = bytes_of_text(name) };
		struct template_value item;
		if (!template_function_find_secret(x->data, secrets, name, &item, x->err)) {
			execution_fail_here(x);
			return FAILED;
		}
		outcome = walk_item(x, node, &index, &item, out);
	}
	return outcome;
}

static enum outcome walk_range(
	struct execution *x, const struct template_node *node, struct buf *out)
{
	struct template_value value = { .kind = VALUE_MISSING };
	const struct template_node *list = node->first->next;
	if (!template_evaluate_pipe(x, node->first, &value))
		return FAILED;
	bool is_list = value.kind == VALUE_PRIVATE_KEY || value.kind == VALUE_PUBLIC_KEY;
	if (!is_list && value.kind != VALUE_SECRETS && value.kind != VALUE_MISSING) {
		execution_fail(x, "range can't iterate over a value of type %s",
			template_value_type(&value));
		return FAILED;
	}
	if (value.kind == VALUE_MISSING || !template_value_is_true(x->data, &value))
		return list->next ? walk_list(x, list->next, out) : DONE;
	enum outcome outcome = is_list ? walk_bytes(x, node, value.bytes, out)
				       : walk_secrets(x, node, &value, out);
	return outcome == BROKEN_OFF ? DONE : outcome;
}

/* if, with and range; the variables that they declare end with them. */
static enum outcome walk_control(
	struct execution *x, const struct template_node *node, struct buf *out)
{
	size_t known = x->variable_count;
	enum outcome outcome =
		node->kind == NODE_RANGE ? walk_range(x, node, out) : walk_choice(x, node, out);
	x->variable_count = known;
	return outcome;
}

static enum outcome walk(struct execution *x, const struct template_node *node, struct buf *out)
{
	switch (node->kind) {
	case NODE_TEXT:
		buf_put(out, node->value.bytes.data, node->value.bytes.size);
		return DONE;
	case NODE_BREAK:
		return BROKEN_OFF;
	case NODE_CONTINUE:
		return CONTINUED;
	case NODE_IF:
	case NODE_WITH:
	case NODE_RANGE:
		return walk_control(x, node, out);
	default:
		return put_pipe(x, node, out) ? DONE : FAILED;
	}
}

static bool check_limits(struct execution *x, const struct buf *out)
{
	if (out->size - x->before > TEMPLATE_OUTPUT_MAX)
		return error_set(x->err, ERROR_INVALID,
			"template: data: the result is longer than %d bytes, which does not fit an "
			"answer to a Marble",
			TEMPLATE_OUTPUT_MAX);
	return x->steps++ < STEPS_MAX ||
	       error_set(x->err, ERROR_INVALID, "template: data: it takes more than %d steps",
		       STEPS_MAX);
}

static enum outcome walk_list(
	struct execution *x, const struct template_node *list, struct buf *out)
{
	enum outcome outcome = check_limits(x, out) ? DONE : FAILED;
	const struct template_node *node = list->first;
	for (; node && outcome == DONE; node = node->next) {
		outcome = walk(x, node, out);
		if (outcome == DONE && !check_limits(x, out))
			return FAILED;
	}
	return outcome;
}

static void free_execution(struct execution *x)
{
	for (size_t i = 0; i < x->text_count; i++)
		buf_free(&x->texts[i]);
	free(x->texts);
	free(x->variables);
}

bool template_execute(const struct template *template, const struct template_data *data,
	struct buf *out, struct error *err)
{
	struct error own = { 0 };
	const struct template_value root = { .kind = VALUE_ROOT };
	AUTO(free_execution)
	struct execution x = {
		.template = template, .data = data, .dot = root, .before = out->size
	};
	x.err = err ? err : &own; /* messages are made by adding to them */
	x.variables = xcalloc(1, sizeof(*x.variables));
	x.variables[x.variable_count++] = (struct template_variable){ "$", root };
	return walk_list(&x, template->first, out) == DONE;
}
