/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "manifest/template_literal.h"
#include "manifest/template_parser.h"

#include <string.h>

#define DEPTH_MAX 64

DEFINE_AUTO_FREE(auto_template, struct template *, template_free)

bool parser_fail(struct parser *p, enum error_kind kind, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	return error_set(p->err, kind, "template: data:%u: %s", p->token.line, buf_text(&text));
}

const struct token *parser_next(struct parser *p)
{
	if (!p->is_pending)
		p->token = lexer_next(&p->lexer);
	p->is_pending = false;
	return &p->token;
}

void parser_back_up(struct parser *p)
{
	p->is_pending = true;
}

const struct token *parser_next_non_space(struct parser *p)
{
	while (parser_next(p)->kind == TOKEN_SPACE)
		;
	return &p->token;
}

const struct token *parser_peek_non_space(struct parser *p)
{
	parser_next_non_space(p);
	parser_back_up(p);
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

bool parser_fail_unexpected(struct parser *p, const char *context)
{
	const struct token *token = &p->token;
	AUTO(buf_free) struct buf text = { 0 };
	if (token->kind == TOKEN_ERROR) {
		buf_put(&text, token->text.data, token->text.size);
		bool ends_so = !strcmp(buf_text(&text), "unclosed action");
		if (p->action_line && p->action_line != token->line)
			buf_printf(&text, "%s started at data:%u", ends_so ? "" : " in action",
				p->action_line);
		return parser_fail(p, ERROR_INVALID, "%s", buf_text(&text));
	}
	put_token(token, &text);
	return parser_fail(p, ERROR_INVALID, "unexpected %s in %s", buf_text(&text), context);
}

bool parser_enter(struct parser *p)
{
	if (p->depth++ < DEPTH_MAX)
		return true;
	return parser_fail(p, ERROR_INVALID,
		"more than %d parentheses and control structures in each other", DEPTH_MAX);
}

/* What ended a list. */
enum list_end {
	AT_END_OF_TEXT,
	AT_END,  /* {{end}}, to its }} */
	AT_ELSE, /* {{else}}, to its }}, or {{else of {{else if …}} */
};

static bool read_list(struct parser *p, struct template_node **list, enum list_end *end);

static bool is_keyword(const struct token *token, const char *word)
{
	return token->kind == TOKEN_KEYWORD && bytes_equal(token->text, bytes_of_text(word));
}

static bool read_right_delimiter(struct parser *p, const char *context)
{
	return parser_next_non_space(p)->kind == TOKEN_RIGHT_DELIMITER ||
	       parser_fail_unexpected(p, context);
}

/* {{else}} or the start of {{else if …}} and {{else with …}}. */
static bool read_else(struct parser *p)
{
	const struct token *token = parser_peek_non_space(p);
	return is_keyword(token, "if") || is_keyword(token, "with") ||
	       read_right_delimiter(p, "else");
}

static bool read_loop_exit(
	struct parser *p, enum template_node_kind kind, struct template_node **node)
{
	const char *context = kind == NODE_BREAK ? "{{break}}" : "{{continue}}";
	*node = template_node_new(p->template, kind, p->token.position);
	if (!read_right_delimiter(p, context))
		return false;
	return p->range_depth || parser_fail(p, ERROR_INVALID, "%s outside {{range}}", context);
}

static bool read_control(
	struct parser *p, const struct token *keyword, struct template_node **node);

/* What follows {{else}}: a list, or for "else if" one structure, which shares the {{end}}. */
static bool read_alternative(
	struct parser *p, const char *word, const struct token *start, struct template_node **list)
{
	enum list_end end;
	if (is_keyword(parser_peek_non_space(p), word)) {
		*list = template_node_new(p->template, NODE_LIST, start->position);
		struct token keyword = *parser_next_non_space(p);
		return read_control(p, &keyword, &(*list)->first);
	}
	if (!read_list(p, list, &end))
		return false;
	return end == AT_END || parser_fail(p, ERROR_INVALID, "expected end; found %s",
					end == AT_ELSE ? "{{else}}" : "EOF");
}

static bool read_branches(
	struct parser *p, const char *word, bool is_range, struct template_node *node)
{
	enum list_end end;
	if (!parser_read_pipeline(p, word, TOKEN_RIGHT_DELIMITER, &node->first))
		return false;
	struct template_node **list = &node->first->next;
	p->range_depth += is_range;
	bool good = read_list(p, list, &end);
	p->range_depth -= is_range;
	if (!good)
		return false;
	if (end == AT_END_OF_TEXT)
		return parser_fail(p, ERROR_INVALID, "unexpected EOF");
	struct token start = p->token;
	return end == AT_END || read_alternative(p, is_range ? "" : word, &start, &(*list)->next);
}

/* if, with and range, from behind the keyword to {{end}}. */
static bool read_control(struct parser *p, const struct token *keyword, struct template_node **node)
{
	bool is_range = is_keyword(keyword, "range");
	bool is_if = is_keyword(keyword, "if");
	const char *word = is_range ? "range" : is_if ? "if" : "with";
	enum template_node_kind kind = is_range ? NODE_RANGE : is_if ? NODE_IF : NODE_WITH;
	size_t known = p->variables.size;
	if (!parser_enter(p))
		return false;
	*node = template_node_new(p->template, kind, keyword->position);
	bool good = read_branches(p, word, is_range, *node);
	p->variables.size = known;
	p->depth--;
	return good;
}

/* *node stays NULL for what ends a list, which *end then tells. */
static bool read_action(struct parser *p, struct template_node **node, enum list_end *end)
{
	struct token token = *parser_next_non_space(p);
	if (token.kind != TOKEN_KEYWORD) {
		parser_back_up(p);
		return parser_read_pipeline(p, "command", TOKEN_RIGHT_DELIMITER, node);
	}
	if (is_keyword(&token, "end")) {
		*end = AT_END;
		return read_right_delimiter(p, "end");
	}
	if (is_keyword(&token, "else")) {
		*end = AT_ELSE;
		return read_else(p);
	}
	if (is_keyword(&token, "break"))
		return read_loop_exit(p, NODE_BREAK, node);
	if (is_keyword(&token, "continue"))
		return read_loop_exit(p, NODE_CONTINUE, node);
	if (is_keyword(&token, "if") || is_keyword(&token, "with") || is_keyword(&token, "range"))
		return read_control(p, &token, node);
	return parser_fail(p, ERROR_UNSUPPORTED,
		"{{%.*s}}: this version does not support templates within templates",
		(int)token.text.size, (const char *)token.text.data);
}

static void add_text(struct parser *p, struct template_node **node)
{
	*node = template_node_new(p->template, NODE_TEXT, p->token.position);
	(*node)->value = (struct template_value){ .kind = VALUE_STRING, .bytes = p->token.text };
}

static bool read_list(struct parser *p, struct template_node **list, enum list_end *end)
{
	*list = template_node_new(p->template, NODE_LIST, p->lexer.at);
	struct template_node **last = &(*list)->first;
	*end = AT_END_OF_TEXT;
	for (;;) {
		const struct token *token = parser_next(p);
		p->action_line = 0;
		switch (token->kind) {
		case TOKEN_END:
			return true;
		case TOKEN_TEXT:
			add_text(p, last);
			break;
		case TOKEN_LEFT_DELIMITER:
			p->action_line = token->line;
			if (!read_action(p, last, end))
				return false;
			break;
		default:
			return parser_fail_unexpected(p, "input");
		}
		if (!*last)
			return true;
		last = &(*last)->next;
	}
}

static bool read_all(struct parser *p)
{
	enum list_end end;
	if (!read_list(p, &p->template->first, &end))
		return false;
	return end == AT_END_OF_TEXT || parser_fail(p, ERROR_INVALID, "unexpected %s",
						end == AT_END ? "{{end}}" : "{{else}}");
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
	bool good = read_all(&p);
	buf_free(&p.variables);
	return good ? TAKE(template) : NULL;
}
