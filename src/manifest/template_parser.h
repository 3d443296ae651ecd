/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of templates, private to it: template_parse.c reads texts, actions and control
 * structures, template_pipeline.c what stands in an action.
 */
#ifndef MANIFEST_TEMPLATE_PARSER_H
#define MANIFEST_TEMPLATE_PARSER_H

#include "base/cleanup.h"
#include "manifest/template_lex.h"
#include "manifest/template_tree.h"

struct parser {
	struct lexer lexer;
	struct token token; /* the last one that was read */
	bool is_pending;    /* … and is to be read again */
	unsigned action_line;
	unsigned depth;       /* of parentheses and control structures */
	unsigned range_depth; /* of ranges */
	struct buf variables; /* names of those in scope, a struct bytes each */
	enum template_use use;
	struct template *template;
	struct error *err;
};

/* "template: data:<line>: …" */
bool parser_fail(struct parser *p, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The last token does not belong where it stands. */
bool parser_fail_unexpected(struct parser *p, const char *context);
/* One parenthesis or control structure more. */
bool parser_enter(struct parser *p);

const struct token *parser_next(struct parser *p);
const struct token *parser_next_non_space(struct parser *p);
/* Without taking it. */
const struct token *parser_peek_non_space(struct parser *p);
/* The next token will be the last one again. */
void parser_back_up(struct parser *p);

/* Reads a pipeline and its end; messages say that it is `context`. */
bool parser_read_pipeline(
	struct parser *p, const char *context, enum token_kind end, struct template_node **pipe);

#endif
