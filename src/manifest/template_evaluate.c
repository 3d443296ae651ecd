/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_evaluate.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/template_compare.h"

#include <string.h>

/* What functions may make in one execution, so that a small template cannot fill the memory. */
#define MADE_MAX (4 * TEMPLATE_OUTPUT_MAX)

bool execution_fail_here(struct execution *x)
{
	unsigned line;
	size_t column;
	AUTO(buf_free) struct buf context = { 0 };
	template_locate(x->template, x->at->position, &line, &column);
	template_node_put(x->at, &context);
	return error_prefix(x->err, "template: data:%u:%zu: executing \"data\" at <%.200s>", line,
		column, buf_text(&context));
}

bool execution_fail(struct execution *x, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	error_set(x->err, ERROR_INVALID, "%s", buf_text(&text));
	return execution_fail_here(x);
}

/* For messages that name a node. */
static bool fail_with_node(
	struct execution *x, const char *message, const struct template_node *node)
{
	AUTO(buf_free) struct buf text = { 0 };
	template_node_put(node, &text);
	return execution_fail(x, "%s %.200s", message, buf_text(&text));
}

static bool evaluate_operand(
	struct execution *x, const struct template_node *node, struct template_value *value);
static bool evaluate_function(struct execution *x, const struct template_node *node,
	const struct template_node *command, const struct template_value *last,
	struct template_value *value);

struct template_variable *template_find_variable(struct execution *x, const char *name)
{
	for (size_t i = x->variable_count; i-- > 0;) {
		if (!strcmp(x->variables[i].name, name))
			return &x->variables[i];
	}
	return NULL;
}

/* What a field, a variable or a chain starts with, and the first of the names from there. */
static bool evaluate_start(struct execution *x, const struct template_node *node,
	struct template_value *value, const char **name)
{
	*name = template_node_name(node, NULL);
	if (node->kind == NODE_CHAIN)
		return evaluate_operand(x, node->first, value);
	x->at = node;
	*value = x->dot;
	if (node->kind == NODE_FIELD)
		return true;
	const struct template_variable *variable = template_find_variable(x, *name);
	if (!variable) /* declared in a part that was not gone through */
		return execution_fail(x, "undefined variable: %s", *name);
	*value = variable->value;
	*name = template_node_name(node, *name);
	return true;
}

static bool evaluate_path(struct execution *x, const struct template_node *node, bool has_arguments,
	struct template_value *value)
{
	const char *name;
	return evaluate_start(x, node, value, &name) &&
	       template_follow_names(x, node, name, has_arguments, value);
}

static bool evaluate_operand(
	struct execution *x, const struct template_node *node, struct template_value *value)
{
	x->at = node;
	*value = (struct template_value){ .kind = VALUE_MISSING };
	switch (node->kind) {
	case NODE_DOT:
		*value = x->dot;
		return true;
	case NODE_FIELD:
	case NODE_VARIABLE:
	case NODE_CHAIN:
		return evaluate_path(x, node, false, value);
	case NODE_PIPE:
		return template_evaluate_pipe(x, node, value);
	case NODE_FUNCTION:
		return evaluate_function(x, node, NULL, NULL, value);
	case NODE_LITERAL:
		*value = node->value;
		return true;
	default:
		return true;
	}
}

/* The format of printf: a string, by Go's rules for typed parameters. */
static bool require_string(
	struct execution *x, const struct template_node *node, const struct template_value *value)
{
	if (value->kind == VALUE_STRING)
		return true;
	if (node && node->kind == NODE_LITERAL)
		return fail_with_node(x, "expected string; found", node);
	if (node && node->kind == NODE_NIL)
		return execution_fail(x, "cannot assign nil to string");
	if (value->kind == VALUE_MISSING)
		return execution_fail(x, "invalid value; expected string");
	return execution_fail(
		x, "wrong type for value; expected string; got %s", template_value_type(value));
}

static bool check_count(
	struct execution *x, const struct template_function *function, size_t written, size_t count)
{
	if (function->takes_more)
		return count >= function->least ||
		       execution_fail(x, "wrong number of args for %s: want at least %zu got %zu",
			       function->name, function->least, written);
	return count == function->least ||
	       execution_fail(x, "wrong number of args for %s: want %zu got %zu", function->name,
		       function->least, count);
}

/* Evaluates what stands behind the function in its command; `last` is what was piped into it. */
static bool evaluate_arguments(struct execution *x, const struct template_function *function,
	const struct template_node *operands, const struct template_value *last,
	struct template_value *arguments)
{
	size_t count = 0;
	for (const struct template_node *node = operands; node; node = node->next, count++) {
		if (!evaluate_operand(x, node, &arguments[count]))
			return false;
		if (function->takes_format && count == 0 &&
			!require_string(x, node, &arguments[count]))
			return false;
	}
	if (!last)
		return true;
	arguments[count] = *last;
	return !function->takes_format || count || require_string(x, NULL, last);
}

/* Keeps what a function made until the end: a variable may hold it. */
static bool keep_text(struct execution *x, struct buf *text)
{
	x->made += text->size;
	x->texts = xreallocarray(x->texts, x->text_count + 1, sizeof(*x->texts));
	x->texts[x->text_count++] = buf_take(text);
	return x->made <= MADE_MAX ||
	       error_set(x->err, ERROR_INVALID, "the results of all functions are over %d bytes",
		       MADE_MAX);
}

static bool call_function(struct execution *x, const struct template_function *function,
	const struct template_value *arguments, size_t count, struct template_value *value)
{
	AUTO(buf_free) struct buf text = { 0 };
	struct template_call call = { arguments, count, x->data, &text };
	return function->call(&call, value, x->err) && keep_text(x, &text);
}

/* and, or: the first argument that decides, or the last one. */
static bool evaluate_logic(struct execution *x, const struct template_function *function,
	const struct template_node *operands, const struct template_value *last,
	struct template_value *value)
{
	for (const struct template_node *node = operands; node; node = node->next) {
		if (!evaluate_operand(x, node, value))
			return false;
		if (template_value_is_true(x->data, value) == function->stops_at)
			return true;
	}
	if (last)
		*value = *last;
	return true;
}

static bool evaluate_function(struct execution *x, const struct template_node *node,
	const struct template_node *command, const struct template_value *last,
	struct template_value *value)
{
	const struct template_function *function = node->function;
	const struct template_node *operands = command ? node->next : NULL;
	size_t written = 0;
	x->at = node;
	for (const struct template_node *operand = operands; operand; operand = operand->next)
		written++;
	size_t count = written + (last != NULL);
	if (!check_count(x, function, written, count))
		return false;
	if (!function->call)
		return evaluate_logic(x, function, operands, last, value);
	AUTO(auto_free) struct template_value *arguments = xcalloc(count + 1, sizeof(*arguments));
	if (!evaluate_arguments(x, function, operands, last, arguments))
		return false;
	if (call_function(x, function, arguments, count, value))
		return true;
	x->at = command ? command : node;
	error_prefix(x->err, "error calling %s", function->name);
	return execution_fail_here(x);
}

/* `last` is the result of the command before, NULL for the first one. */
static bool evaluate_command(struct execution *x, const struct template_node *command,
	const struct template_value *last, struct template_value *value)
{
	const struct template_node *first = command->first;
	bool has_arguments = first->next || last;
	if (first->kind == NODE_FUNCTION)
		return evaluate_function(x, first, command, last, value);
	bool has_member =
		first->kind == NODE_VARIABLE && template_node_name(first, buf_text(&first->names));
	if (first->kind == NODE_FIELD || first->kind == NODE_CHAIN || has_member)
		return evaluate_path(x, first, has_arguments, value);
	if (first->kind != NODE_PIPE)
		x->at = first;
	if (has_arguments)
		return fail_with_node(x, "can't give argument to non-function", first);
	if (first->kind == NODE_NIL)
		return execution_fail(x, "nil is not a command");
	return evaluate_operand(x, first, value);
}

static void set_variables(
	struct execution *x, const struct template_node *pipe, const struct template_value *value)
{
	const char *name = NULL;
	while ((name = template_node_name(pipe, name))) {
		struct template_variable *known = template_find_variable(x, name);
		if (pipe->assigns && known) {
			known->value = *value;
			continue;
		}
		x->variables =
			xreallocarray(x->variables, x->variable_count + 1, sizeof(*x->variables));
		x->variables[x->variable_count++] = (struct template_variable){ name, *value };
	}
}

bool template_evaluate_pipe(
	struct execution *x, const struct template_node *pipe, struct template_value *value)
{
	struct template_value last;
	x->at = pipe;
	for (const struct template_node *command = pipe->first; command; command = command->next) {
		*value = (struct template_value){ .kind = VALUE_MISSING };
		if (!evaluate_command(x, command, command == pipe->first ? NULL : &last, value))
			return false;
		last = *value;
	}
	set_variables(x, pipe, value);
	return true;
}
