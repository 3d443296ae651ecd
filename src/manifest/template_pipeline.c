/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_literal.h"
#include "manifest/template_parser.h"

#include <string.h>

static bool new_literal(struct parser *p, struct template_node **node)
{
	const struct token *token = &p->token;
	*node = template_node_new(p->template, NODE_LITERAL, token->position);
	(*node)->source = token->text;
	return true;
}

static bool new_number(struct parser *p, struct template_node **node)
{
	char message[128];
	struct template_value value = { .kind = VALUE_INT };
	struct bytes text = p->token.text;
	int shown = text.size < 64 ? (int)text.size : 64;
	if (p->token.kind == TOKEN_CHAR_CONSTANT && !literal_character(text, &value.integer))
		return parser_fail(p, ERROR_INVALID, "malformed character constant: %.*s", shown,
			(const char *)text.data);
	if (p->token.kind == TOKEN_NUMBER && !literal_number(text, &value, message))
		return parser_fail(p, ERROR_INVALID, "%s", message);
	new_literal(p, node);
	(*node)->value = value;
	return true;
}

static bool new_string(struct parser *p, struct template_node **node)
{
	new_literal(p, node);
	struct buf *content = &(*node)->content;
	if (!literal_unquote(p->token.text, content))
		return parser_fail(p, ERROR_INVALID, "invalid syntax");
	(*node)->value = (struct template_value){
		.kind = VALUE_STRING,
		.bytes = { buf_text(content), content->size },
	};
	return true;
}

static bool new_bool(struct parser *p, struct template_node **node)
{
	new_literal(p, node);
	bool truth = bytes_equal(p->token.text, bytes_of_text("true"));
	(*node)->value = (struct template_value){ .kind = VALUE_BOOL, .truth = truth };
	return true;
}

static bool new_function(struct parser *p, struct template_node **node)
{
	const char *reason;
	const struct template_function *function =
		template_function_find(p->token.text, p->use, &reason);
	if (!function) {
		AUTO(buf_free) struct buf name = { 0 };
		literal_quote(p->token.text, &name);
		return parser_fail(
			p, ERROR_INVALID, "function %s not defined%s", buf_text(&name), reason);
	}
	*node = template_node_new(p->template, NODE_FUNCTION, p->token.position);
	(*node)->function = function;
	return true;
}

static void put_name(struct buf *names, struct bytes name)
{
	buf_put(names, name.data, name.size);
	buf_put_u8(names, 0);
}

/* Adds the name of a token like ".Name". */
static void add_name(struct template_node *node, const struct token *token)
{
	put_name(&node->names,
		(struct bytes){ (const char *)token->text.data + 1, token->text.size - 1 });
}

static bool parse_parentheses(struct parser *p, struct template_node **node)
{
	if (!parser_enter(p))
		return false;
	bool parsed = parser_read_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN, node);
	p->depth--;
	return parsed;
}

/* "$" and what was declared before, in this control structure or around it. */
static bool is_known(const struct parser *p, struct bytes name)
{
	const struct bytes *known = (const void *)p->variables.data;
	size_t count = p->variables.size / sizeof(*known);
	for (size_t i = 0; i < count; i++) {
		if (bytes_equal(known[i], name))
			return true;
	}
	return bytes_equal(name, bytes_of_text("$"));
}

static bool use_variable(struct parser *p, struct template_node **node)
{
	struct bytes name = p->token.text;
	if (!is_known(p, name)) {
		AUTO(buf_free) struct buf quoted = { 0 };
		literal_quote(name, &quoted);
		return parser_fail(p, ERROR_INVALID, "undefined variable %s", buf_text(&quoted));
	}
	*node = template_node_new(p->template, NODE_VARIABLE, p->token.position);
	put_name(&(*node)->names, name);
	return true;
}

/* *node stays NULL when no operand comes next. */
static bool parse_term(struct parser *p, struct template_node **node)
{
	const struct token *token = parser_next_non_space(p);
	switch (token->kind) {
	case TOKEN_IDENTIFIER:
		return new_function(p, node);
	case TOKEN_DOT:
		*node = template_node_new(p->template, NODE_DOT, token->position);
		return true;
	case TOKEN_NIL:
		*node = template_node_new(p->template, NODE_NIL, token->position);
		return true;
	case TOKEN_FIELD:
		*node = template_node_new(p->template, NODE_FIELD, token->position);
		add_name(*node, token);
		return true;
	case TOKEN_BOOL:
		return new_bool(p, node);
	case TOKEN_NUMBER:
	case TOKEN_CHAR_CONSTANT:
		return new_number(p, node);
	case TOKEN_STRING:
	case TOKEN_RAW_STRING:
		return new_string(p, node);
	case TOKEN_LEFT_PAREN:
		return parse_parentheses(p, node);
	case TOKEN_VARIABLE:
		return use_variable(p, node);
	default:
		parser_back_up(p);
		return true;
	}
}

/* The names that follow a term without space, as in (…).A.B; the last token was the first name. */
static bool parse_names(struct parser *p, struct template_node **node)
{
	struct template_node *term = *node;
	if (term->kind == NODE_LITERAL || term->kind == NODE_NIL || term->kind == NODE_DOT) {
		AUTO(buf_free) struct buf text = { 0 };
		AUTO(buf_free) struct buf quoted = { 0 };
		template_node_put(term, &text);
		literal_quote(buf_bytes(&text), &quoted);
		return parser_fail(
			p, ERROR_INVALID, "unexpected . after term %s", buf_text(&quoted));
	}
	if (term->kind != NODE_FIELD && term->kind != NODE_VARIABLE) {
		*node = template_node_new(p->template, NODE_CHAIN, 0);
		(*node)->first = term;
	}
	(*node)->position = p->token.position;
	do
		add_name(*node, &p->token);
	while (parser_next(p)->kind == TOKEN_FIELD);
	parser_back_up(p);
	return true;
}

static bool parse_operand(struct parser *p, struct template_node **node)
{
	if (!parse_term(p, node))
		return false;
	if (!*node)
		return true;
	if (parser_next(p)->kind == TOKEN_FIELD)
		return parse_names(p, node);
	parser_back_up(p);
	return true;
}

/* Operands up to a "|", which is taken, or to the end of the pipeline, which is not. */
static bool parse_command(struct parser *p, struct template_node **command)
{
	*command = template_node_new(p->template, NODE_COMMAND, parser_peek_non_space(p)->position);
	struct template_node **last = &(*command)->first;
	for (;;) {
		if (!parse_operand(p, last))
			return false;
		if (*last)
			last = &(*last)->next;
		switch (parser_next(p)->kind) {
		case TOKEN_SPACE:
			continue;
		case TOKEN_RIGHT_DELIMITER:
		case TOKEN_RIGHT_PAREN:
			parser_back_up(p);
			break;
		case TOKEN_PIPE:
			break;
		default:
			return parser_fail_unexpected(p, "operand");
		}
		return (*command)->first || parser_fail(p, ERROR_INVALID, "empty command");
	}
}

/* Only the first command may start with something that cannot take the value before it. */
static bool check_pipeline(struct parser *p, const struct template_node *pipe, const char *context)
{
	unsigned stage = 1;
	if (!pipe->first)
		return parser_fail(p, ERROR_INVALID, "missing value for %s", context);
	for (const struct template_node *c = pipe->first->next; c; c = c->next) {
		enum template_node_kind kind = c->first->kind;
		stage++;
		if (kind == NODE_LITERAL || kind == NODE_DOT || kind == NODE_NIL)
			return parser_fail(p, ERROR_INVALID,
				"non executable command in pipeline stage %u", stage);
	}
	return true;
}

static bool is_mark(const struct token *token, const char *text)
{
	return token->kind == TOKEN_OTHER && bytes_equal(token->text, bytes_of_text(text));
}

static void declare(struct parser *p, struct template_node *pipe, struct bytes name)
{
	put_name(&pipe->names, name);
	buf_put(&p->variables, &name, sizeof(name));
}

/* The variables that a pipeline sets: "$x :=", "$x =", in a range also "$i, $x :=". */
static bool read_variables(struct parser *p, const char *context, struct template_node *pipe)
{
	bool is_range = !strcmp(context, "range");
	for (unsigned count = 1; parser_peek_non_space(p)->kind == TOKEN_VARIABLE; count++) {
		const struct parser before = *p;
		struct bytes name = parser_next_non_space(p)->text;
		const struct token *token = parser_next_non_space(p);
		if (is_mark(token, ":=") || is_mark(token, "=")) {
			pipe->assigns = token->text.size == 1;
			declare(p, pipe, name);
			return true;
		}
		if (!is_mark(token, ",")) {
			*p = before;
			return true;
		}
		declare(p, pipe, name);
		if (!is_range || count == 2)
			return parser_fail(
				p, ERROR_INVALID, "too many declarations in %s", context);
		enum token_kind kind = parser_peek_non_space(p)->kind;
		if (kind != TOKEN_VARIABLE && kind != TOKEN_RIGHT_DELIMITER)
			return parser_fail(p, ERROR_INVALID, "range can only initialize variables");
	}
	return true;
}

bool parser_read_pipeline(
	struct parser *p, const char *context, enum token_kind end, struct template_node **pipe)
{
	*pipe = template_node_new(p->template, NODE_PIPE, parser_peek_non_space(p)->position);
	struct template_node **last = &(*pipe)->first;
	if (!read_variables(p, context, *pipe))
		return false;
	for (;;) {
		const struct token *token = parser_next_non_space(p);
		if (token->kind == end)
			return check_pipeline(p, *pipe, context);
		switch (token->kind) {
		case TOKEN_BOOL:
		case TOKEN_CHAR_CONSTANT:
		case TOKEN_DOT:
		case TOKEN_FIELD:
		case TOKEN_IDENTIFIER:
		case TOKEN_NUMBER:
		case TOKEN_NIL:
		case TOKEN_RAW_STRING:
		case TOKEN_STRING:
		case TOKEN_VARIABLE:
		case TOKEN_LEFT_PAREN:
			parser_back_up(p);
			if (!parse_command(p, last))
				return false;
			last = &(*last)->next;
			break;
		default:
			return parser_fail_unexpected(p, context);
		}
	}
}
