/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens between {{ and }} and between {% and %}. */
#ifndef GRAPHENE_JINJA_LEXER_H
#define GRAPHENE_JINJA_LEXER_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

enum jinja_token_kind {
	JINJA_NAME,
	JINJA_INTEGER,
	JINJA_STRING,   /* with its quotes and escapes */
	JINJA_OPERATOR, /* one or two characters */
	JINJA_TAG_END,  /* }} or %}, with its trim marker */
	JINJA_TEXT_END, /* of the template, where a tag should have ended before */
};

struct jinja_token {
	enum jinja_token_kind kind;
	const char *start;
	size_t length;
};

/* A cursor that copies: keep one to come back to where it was. */
struct jinja_lexer {
	const char *next;
	const char *end;
	struct jinja_token token; /* the present one */
};

/* Reads the token behind the present one. */
bool jinja_advance(struct jinja_lexer *lexer, struct error *err);

/* The present token is this symbol, or this name. */
bool jinja_is_operator(const struct jinja_lexer *lexer, const char *text);
bool jinja_is_name(const struct jinja_lexer *lexer, const char *text);

/* Steps over the operator or says that it is missing. */
bool jinja_expect(struct jinja_lexer *lexer, const char *symbol, struct error *err);
/* Sets err to what the present token is where something else belongs. Returns false. */
bool jinja_unexpected(const struct jinja_lexer *lexer, struct error *err);

/* Appends what a string token stands for. */
bool jinja_unescape(const struct jinja_token *token, struct buf *out, struct error *err);

#endif
