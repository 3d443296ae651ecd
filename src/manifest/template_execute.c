/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/template_tree.h"

#include <string.h>

/* What functions may make in one execution, so that a small template cannot fill the memory. */
#define MADE_MAX (4 * TEMPLATE_OUTPUT_MAX)

struct execution {
	const struct template *template;
	const struct template_data *data;
	const struct template_node *at; /* what a message points to */
	struct buf *texts;              /* what functions made in an action; values point there */
	size_t text_count;
	size_t made; /* size of all texts of all actions */
	struct error *err;
};

static void free_texts(struct execution *x)
{
	for (size_t i = 0; i < x->text_count; i++)
		buf_free(&x->texts[i]);
	free(x->texts);
	x->texts = NULL;
	x->text_count = 0;
}

/* Puts in front of the message where it happened. */
static bool fail_here(struct execution *x)
{
	unsigned line;
	size_t column;
	AUTO(buf_free) struct buf context = { 0 };
	template_locate(x->template, x->at->position, &line, &column);
	template_node_put(x->at, &context);
	return error_prefix(x->err, "template: data:%u:%zu: executing \"data\" at <%.200s>", line,
		column, buf_text(&context));
}

static bool fail(struct execution *x, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	error_set(x->err, ERROR_INVALID, "%s", buf_text(&text));
	return fail_here(x);
}

/* As fail for messages that name a node. */
static bool fail_with_node(
	struct execution *x, const char *message, const struct template_node *node)
{
	AUTO(buf_free) struct buf text = { 0 };
	template_node_put(node, &text);
	return fail(x, "%s %.200s", message, buf_text(&text));
}

/* Members. */

static enum template_value_kind member_of_root(const char *name)
{
	if (!strcmp(name, "MarbleRun") || !strcmp(name, "Marblerun"))
		return VALUE_RESERVED;
	if (!strcmp(name, "Secrets"))
		return VALUE_SECRETS;
	return !strcmp(name, "Previous") ? VALUE_PREVIOUS : VALUE_MISSING;
}

static const struct secret *reserved_secret(const struct template_data *data, const char *name)
{
	if (!strcmp(name, "RootCA"))
		return data->root_ca;
	if (!strcmp(name, "MarbleCert"))
		return data->marble_cert;
	if (!strcmp(name, "SealKey"))
		return data->seal_key;
	if (!strcmp(name, "CoordinatorRoot"))
		return data->coordinator_root;
	return strcmp(name, "CoordinatorIntermediate") ? NULL : data->coordinator_intermediate;
}

static bool member_of_secret(
	const struct secret *secret, const char *name, struct template_value *result)
{
	const char *type = secret_type_name(secret->type);
	const struct {
		const char *name;
		struct template_value value;
	} members[] = {
		{ "Type", { .kind = VALUE_STRING, .bytes = bytes_of_text(type) } },
		{ "Size", { .kind = VALUE_UINT, .natural = secret->size } },
		{ "Shared", { .kind = VALUE_BOOL, .truth = secret->shared } },
		{ "UserDefined", { .kind = VALUE_BOOL, .truth = secret->user_defined } },
		{ "Cert", { .kind = VALUE_CERTIFICATE, .bytes = buf_bytes(&secret->cert) } },
		{ "ValidFor", { .kind = VALUE_UINT, .natural = secret->valid_for } },
		{ "Private",
			{ .kind = VALUE_PRIVATE_KEY, .bytes = buf_bytes(&secret->private_key) } },
		{ "Public", { .kind = VALUE_PUBLIC_KEY, .bytes = buf_bytes(&secret->public_key) } },
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		*result = members[i].value;
		return true;
	}
	return false;
}

/* Members of everything but .Secrets. False if there is none of this name. */
static bool member_of_struct(const struct execution *x, const struct template_value *receiver,
	const char *name, struct template_value *result)
{
	switch (receiver->kind) {
	case VALUE_ROOT:
		*result = (struct template_value){ .kind = member_of_root(name) };
		return result->kind != VALUE_MISSING;
	case VALUE_PREVIOUS: /* without updates, what was before is what is */
		*result = (struct template_value){ .kind = VALUE_SECRETS };
		return !strcmp(name, "Secrets");
	case VALUE_RESERVED:
		*result = (struct template_value){ .kind = VALUE_SECRET,
			.secret = reserved_secret(x->data, name) };
		return result->secret != NULL;
	case VALUE_SECRET:
		return member_of_secret(receiver->secret, name, result);
	default:
		return false;
	}
}

static bool evaluate_member(
	struct execution *x, struct template_value *value, const char *name, bool has_arguments)
{
	struct template_value result;
	if (value->kind == VALUE_MISSING)
		return true;
	if (value->kind == VALUE_SECRETS) {
		if (has_arguments)
			return fail(x, "%s is not a method but has arguments", name);
		return template_function_find_secret(x->data, name, value, x->err) || fail_here(x);
	}
	if (!member_of_struct(x, value, name, &result))
		return fail(
			x, "can't evaluate field %s in type %s", name, template_value_type(value));
	if (has_arguments)
		return fail(x, "%s has arguments but cannot be invoked as function", name);
	*value = result;
	return true;
}

/* Goes from *value along the names of the node. Only the last one could take arguments. */
static bool evaluate_names(struct execution *x, const struct template_node *node,
	bool has_arguments, struct template_value *value)
{
	const char *following;
	for (const char *name = template_node_name(node, NULL); name; name = following) {
		following = template_node_name(node, name);
		if (!evaluate_member(x, value, name, has_arguments && !following))
			return false;
	}
	return true;
}

/* Calls. */

static bool evaluate_pipe(
	struct execution *x, const struct template_node *pipe, struct template_value *value);
static bool evaluate_function(struct execution *x, const struct template_node *node,
	const struct template_node *command, const struct template_value *last,
	struct template_value *value);

static bool evaluate_operand(
	struct execution *x, const struct template_node *node, struct template_value *value)
{
	x->at = node;
	*value = (struct template_value){ .kind = VALUE_MISSING };
	switch (node->kind) {
	case NODE_DOT:
		value->kind = VALUE_ROOT;
		return true;
	case NODE_FIELD:
		value->kind = VALUE_ROOT;
		return evaluate_names(x, node, false, value);
	case NODE_CHAIN:
		return evaluate_operand(x, node->first, value) &&
		       evaluate_names(x, node, false, value);
	case NODE_PIPE:
		return evaluate_pipe(x, node, value);
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
		return fail(x, "cannot assign nil to string");
	if (value->kind == VALUE_MISSING)
		return fail(x, "invalid value; expected string");
	return fail(x, "wrong type for value; expected string; got %s", template_value_type(value));
}

static bool check_count(
	struct execution *x, const struct template_function *function, size_t written, size_t count)
{
	if (function->takes_more)
		return count >= function->least ||
		       fail(x, "wrong number of args for %s: want at least %zu got %zu",
			       function->name, function->least, written);
	return count == function->least || fail(x, "wrong number of args for %s: want %zu got %zu",
						   function->name, function->least, count);
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

/* Keeps what a function made until the end of the action. */
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
	AUTO(auto_free) struct template_value *arguments = xcalloc(count + 1, sizeof(*arguments));
	if (!evaluate_arguments(x, function, operands, last, arguments))
		return false;
	if (call_function(x, function, arguments, count, value))
		return true;
	x->at = command ? command : node;
	error_prefix(x->err, "error calling %s", function->name);
	return fail_here(x);
}

/* `last` is the result of the command before, NULL for the first one. */
static bool evaluate_command(struct execution *x, const struct template_node *command,
	const struct template_value *last, struct template_value *value)
{
	const struct template_node *first = command->first;
	bool has_arguments = first->next || last;
	if (first->kind == NODE_FUNCTION)
		return evaluate_function(x, first, command, last, value);
	if (first->kind == NODE_FIELD) {
		x->at = first;
		value->kind = VALUE_ROOT;
		return evaluate_names(x, first, has_arguments, value);
	}
	if (first->kind == NODE_CHAIN)
		return evaluate_operand(x, first->first, value) &&
		       evaluate_names(x, first, has_arguments, value);
	if (first->kind != NODE_PIPE)
		x->at = first;
	if (has_arguments)
		return fail_with_node(x, "can't give argument to non-function", first);
	if (first->kind == NODE_NIL)
		return fail(x, "nil is not a command");
	return evaluate_operand(x, first, value);
}

static bool evaluate_pipe(
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
	return true;
}

static bool put_pipe(struct execution *x, const struct template_node *pipe, struct buf *out)
{
	struct template_value value = { .kind = VALUE_MISSING };
	if (!evaluate_pipe(x, pipe, &value))
		return false;
	if (value.kind == VALUE_MISSING) {
		buf_put_text(out, "<no value>");
		return true;
	}
	x->at = pipe;
	return template_value_put(&value, out, x->err) || fail_here(x);
}

bool template_execute(const struct template *template, const struct template_data *data,
	struct buf *out, struct error *err)
{
	struct error own = { 0 };
	AUTO(free_texts) struct execution x = { .template = template, .data = data };
	x.err = err ? err : &own; /* messages are made by adding to them */
	size_t before = out->size;
	for (const struct template_node *node = template->first; node; node = node->next) {
		if (node->kind == NODE_TEXT)
			buf_put(out, node->value.bytes.data, node->value.bytes.size);
		else if (!put_pipe(&x, node, out))
			return false;
		free_texts(&x);
		if (out->size - before > TEMPLATE_OUTPUT_MAX)
			return error_set(x.err, ERROR_INVALID,
				"template: data: the result is longer than %d bytes, which does not "
				"fit an answer to a Marble",
				TEMPLATE_OUTPUT_MAX);
	}
	return true;
}
