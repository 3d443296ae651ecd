/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a template into tokens, as the lexer of Go's text/template does: text, and what stands
 * between {{ and }}. Comments and trimmed white space do not show.
 */
#ifndef MANIFEST_TEMPLATE_LEX_H
#define MANIFEST_TEMPLATE_LEX_H

#include "base/buf.h"

enum token_kind {
	TOKEN_ERROR, /* text is the message */
	TOKEN_END,
	TOKEN_TEXT,
	TOKEN_LEFT_DELIMITER,
	TOKEN_RIGHT_DELIMITER,
	TOKEN_SPACE,
	TOKEN_PIPE,
	TOKEN_LEFT_PAREN,
	TOKEN_RIGHT_PAREN,
	TOKEN_DOT,
	TOKEN_FIELD, /* with its dot */
	TOKEN_VARIABLE,
	TOKEN_IDENTIFIER,
	TOKEN_KEYWORD, /* if, range, … */
	TOKEN_NIL,
	TOKEN_BOOL,
	TOKEN_STRING, /* with its quotes, like the next two */
	TOKEN_RAW_STRING,
	TOKEN_CHAR_CONSTANT,
	TOKEN_NUMBER,
	TOKEN_OTHER, /* printable ASCII that means nothing here */
};

struct token {
	enum token_kind kind;
	struct bytes text;
	size_t position; /* in the template */
	unsigned line;   /* from 1 */
};

struct lexer {
	const char *text;
	size_t size;
	size_t at;
	unsigned line;
	unsigned open_parens;
	bool inside_action;
	char message[64];
};

struct lexer lexer_of(struct bytes text);

/* After TOKEN_END or TOKEN_ERROR there is nothing more to ask for. */
struct token lexer_next(struct lexer *lexer);

#endif
