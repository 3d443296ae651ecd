/* SPDX-License-Identifier: Apache-2.0 */
/* A template as a list of steps with jumps, made once and run without recursion. */
#ifndef GRAPHENE_JINJA_PROGRAM_H
#define GRAPHENE_JINJA_PROGRAM_H

#include "base/buf.h"
#include "base/error.h"
#include "graphene/jinja_lexer.h"

#define JINJA_BLOCKS_MAX 32 /* if and for inside each other */

enum jinja_step_kind {
	JINJA_TEXT,
	JINJA_PRINT,
	JINJA_SET,
	JINJA_UNLESS, /* goes to target unless the expression is true */
	JINJA_JUMP,   /* goes to target */
	JINJA_FOR,    /* starts a loop; goes to target when there is nothing to loop over */
	JINJA_NEXT,   /* ends a round of the loop that started at target */
};

struct jinja_step {
	enum jinja_step_kind kind;
	struct bytes text;             /* of JINJA_TEXT */
	struct jinja_lexer expression; /* at its first token */
	char *name;                    /* of the variable that is set or loops */
	size_t target;
	const char *tag; /* for messages: where it starts in the template */
	unsigned line;
};

/* The zero value is an empty program. It points into the text of the template. */
struct jinja_program {
	struct jinja_step *steps;
	size_t count;
	size_t capacity;
	const char *end; /* of the text */
};

bool jinja_compile(struct bytes text, struct jinja_program *program, struct error *err);
void jinja_program_free(struct jinja_program *program);

/* Puts "line <n>: <tag>: " in front of the message. Returns false. */
bool jinja_error_at(const char *tag, const char *end, unsigned line, struct error *err);

#endif
