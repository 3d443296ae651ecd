/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/template_lex.h"
#include "manifest/template_literal.h"
#include "manifest/template_tree.h"

#include <string.h>

#define DEPTH_MAX 64 /* of parentheses */

struct parser {
	struct lexer lexer;
	struct token token; /* the last one that was read */
	bool is_pending;    /* … and is to be read again */
	unsigned action_line;
	unsigned depth;
	enum template_use use;
	struct template *template;
	struct error *err;
};

DEFINE_AUTO_FREE(auto_template, struct template *, template_free)

static bool fail(struct parser *p, enum error_kind kind, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	return error_set(p->err, kind, "template: data:%u: %s", p->token.line, buf_text(&text));
}

static const struct token *next(struct parser *p)
{
	if (!p->is_pending)
		p->token = lexer_next(&p->lexer);
	p->is_pending = false;
	return &p->token;
}

/* The next token will be the last one again. */
static void back_up(struct parser *p)
{
	p->is_pending = true;
}

static const struct token *next_non_space(struct parser *p)
{
	while (next(p)->kind == TOKEN_SPACE)
		;
	return &p->token;
}

static const struct token *peek_non_space(struct parser *p)
{
	next_non_space(p);
	back_up(p);
	return &p->token;
}

static void put_token(const struct token *token, struct buf *out)
{
	bool is_word = token->kind == TOKEN_DOT || token->kind == TOKEN_NIL ||
		       token->kind == TOKEN_KEYWORD;
	struct bytes start = { token->text.data, token->text.size < 10 ? token->text.size : 10 };
	if (token->kind == TOKEN_END) {
		buf_put_text(out, "EOF");
	} else if (is_word) {
		buf_printf(out, "<%.*s>", (int)token->text.size, (const char *)token->text.data);
	} else {
		literal_quote(start, out);
		buf_put_text(out, token->text.size > start.size ? "..." : "");
	}
}

/* The last token does not belong where it stands. */
static bool fail_unexpected(struct parser *p, const char *context)
{
	const struct token *token = &p->token;
	AUTO(buf_free) struct buf text = { 0 };
	if (token->kind == TOKEN_ERROR) {
		buf_put(&text, token->text.data, token->text.size);
		bool ends_so = !strcmp(buf_text(&text), "unclosed action");
		if (p->action_line && p->action_line != token->line)
			buf_printf(&text, "%s started at data:%u", ends_so ? "" : " in action",
				p->action_line);
		return fail(p, ERROR_INVALID, "%s", buf_text(&text));
	}
	put_token(token, &text);
	return fail(p, ERROR_INVALID, "unexpected %s in %s", buf_text(&text), context);
}

static bool fail_variable(struct parser *p)
{
	const struct token *token = &p->token;
	int shown = token->text.size < 64 ? (int)token->text.size : 64;
	return fail(p, ERROR_UNSUPPORTED, "variable %.*s: this version does not support variables",
		shown, (const char *)token->text.data);
}

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
		return fail(p, ERROR_INVALID, "malformed character constant: %.*s", shown,
			(const char *)text.data);
	if (p->token.kind == TOKEN_NUMBER && !literal_number(text, &value, message))
		return fail(p, ERROR_INVALID, "%s", message);
	new_literal(p, node);
	(*node)->value = value;
	return true;
}

static bool new_string(struct parser *p, struct template_node **node)
{
	new_literal(p, node);
	struct buf *content = &(*node)->content;
	if (!literal_unquote(p->token.text, content))
		return fail(p, ERROR_INVALID, "invalid syntax");
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
		return fail(p, ERROR_INVALID, "function %s not defined%s", buf_text(&name), reason);
	}
	*node = template_node_new(p->template, NODE_FUNCTION, p->token.position);
	(*node)->function = function;
	return true;
}

/* Adds the name of a token like ".Name". */
static void add_name(struct template_node *node, const struct token *token)
{
	buf_put(&node->names, (const char *)token->text.data + 1, token->text.size - 1);
	buf_put_u8(&node->names, 0);
}

static bool parse_pipeline(
	struct parser *p, const char *context, enum token_kind end, struct template_node **pipe);

static bool parse_parentheses(struct parser *p, struct template_node **node)
{
	if (p->depth == DEPTH_MAX)
		return fail(p, ERROR_INVALID, "more than %d parentheses in each other", DEPTH_MAX);
	p->depth++;
	bool parsed = parse_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN, node);
	p->depth--;
	return parsed;
}

/* *node stays NULL when no operand comes next. */
static bool parse_term(struct parser *p, struct template_node **node)
{
	const struct token *token = next_non_space(p);
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
		return fail_variable(p);
	default:
		back_up(p);
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
		return fail(p, ERROR_INVALID, "unexpected . after term %s", buf_text(&quoted));
	}
	if (term->kind != NODE_FIELD) {
		*node = template_node_new(p->template, NODE_CHAIN, 0);
		(*node)->first = term;
	}
	(*node)->position = p->token.position;
	do
		add_name(*node, &p->token);
	while (next(p)->kind == TOKEN_FIELD);
	back_up(p);
	return true;
}

static bool parse_operand(struct parser *p, struct template_node **node)
{
	if (!parse_term(p, node))
		return false;
	if (!*node)
		return true;
	if (next(p)->kind == TOKEN_FIELD)
		return parse_names(p, node);
	back_up(p);
	return true;
}

/* Operands up to a "|", which is taken, or to the end of the pipeline, which is not. */
static bool parse_command(struct parser *p, struct template_node **command)
{
	*command = template_node_new(p->template, NODE_COMMAND, peek_non_space(p)->position);
	struct template_node **last = &(*command)->first;
	for (;;) {
		if (!parse_operand(p, last))
			return false;
		if (*last)
			last = &(*last)->next;
		switch (next(p)->kind) {
		case TOKEN_SPACE:
			continue;
		case TOKEN_RIGHT_DELIMITER:
		case TOKEN_RIGHT_PAREN:
			back_up(p);
			break;
		case TOKEN_PIPE:
			break;
		default:
			return fail_unexpected(p, "operand");
		}
		return (*command)->first || fail(p, ERROR_INVALID, "empty command");
	}
}

/* Only the first command may start with something that cannot take the value before it. */
static bool check_pipeline(struct parser *p, const struct template_node *pipe, const char *context)
{
	unsigned stage = 1;
	if (!pipe->first)
		return fail(p, ERROR_INVALID, "missing value for %s", context);
	for (const struct template_node *c = pipe->first->next; c; c = c->next) {
		enum template_node_kind kind = c->first->kind;
		stage++;
		if (kind == NODE_LITERAL || kind == NODE_DOT || kind == NODE_NIL)
			return fail(p, ERROR_INVALID, "non executable command in pipeline stage %u",
				stage);
	}
	return true;
}

static bool parse_pipeline(
	struct parser *p, const char *context, enum token_kind end, struct template_node **pipe)
{
	*pipe = template_node_new(p->template, NODE_PIPE, peek_non_space(p)->position);
	struct template_node **last = &(*pipe)->first;
	for (;;) {
		const struct token *token = next_non_space(p);
		if (token->kind == end)
			return check_pipeline(p, *pipe, context);
		switch (token->kind) {
		case TOKEN_VARIABLE:
			return fail_variable(p);
		case TOKEN_BOOL:
		case TOKEN_CHAR_CONSTANT:
		case TOKEN_DOT:
		case TOKEN_FIELD:
		case TOKEN_IDENTIFIER:
		case TOKEN_NUMBER:
		case TOKEN_NIL:
		case TOKEN_RAW_STRING:
		case TOKEN_STRING:
		case TOKEN_LEFT_PAREN:
			back_up(p);
			if (!parse_command(p, last))
				return false;
			last = &(*last)->next;
			break;
		default:
			return fail_unexpected(p, context);
		}
	}
}

static bool parse_action(struct parser *p, struct template_node **node)
{
	const struct token *token = next_non_space(p);
	struct bytes word = token->text;
	bool ends =
		bytes_equal(word, bytes_of_text("end")) || bytes_equal(word, bytes_of_text("else"));
	if (token->kind == TOKEN_KEYWORD)
		return fail(p, ends ? ERROR_INVALID : ERROR_UNSUPPORTED,
			ends ? "unexpected {{%.*s}}"
			     : "{{%.*s}}: this version does not support control structures",
			(int)word.size, (const char *)word.data);
	back_up(p);
	return parse_pipeline(p, "command", TOKEN_RIGHT_DELIMITER, node);
}

static void add_text(struct parser *p, struct template_node **node)
{
	*node = template_node_new(p->template, NODE_TEXT, p->token.position);
	(*node)->value = (struct template_value){ .kind = VALUE_STRING, .bytes = p->token.text };
}

static bool parse_all(struct parser *p)
{
	struct template_node **last = &p->template->first;
	for (;; last = &(*last)->next) {
		const struct token *token = next(p);
		p->action_line = 0;
		switch (token->kind) {
		case TOKEN_END:
			return true;
		case TOKEN_TEXT:
			add_text(p, last);
			break;
		case TOKEN_LEFT_DELIMITER:
			p->action_line = token->line;
			if (!parse_action(p, last))
				return false;
			break;
		default:
			return fail_unexpected(p, "input");
		}
	}
}

struct template *template_parse(struct bytes text, enum template_use use, struct error *err)
{
	AUTO(auto_template) struct template *template = xcalloc(1, sizeof(*template));
	buf_put(&template->text, text.data, text.size);
	struct parser p = {
		.lexer = lexer_of(buf_bytes(&template->text)),
		.use = use,
		.template = template,
		.err = err,
	};
	return parse_all(&p) ? TAKE(template) : NULL;
}
