/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions of templates. They are evaluated while they are read, without a tree between. A dead
 * reading only checks the syntax: of both sides of `a if b else c` one is dead.
 */
#ifndef GRAPHENE_JINJA_EXPR_H
#define GRAPHENE_JINJA_EXPR_H

#include "graphene/jinja.h"
#include "graphene/jinja_lexer.h"
#include "graphene/jinja_scope.h"

/* Reads the expression that starts at the present token; leaves lexer at what follows. */
bool jinja_evaluate(struct jinja_lexer *lexer, const struct jinja_scope *scope,
	struct jinja_value *out, struct error *err);
bool jinja_check_syntax(struct jinja_lexer *lexer, struct error *err);

#endif
