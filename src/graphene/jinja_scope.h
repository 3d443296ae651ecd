/* SPDX-License-Identifier: Apache-2.0 */
/* The variables that are visible, in the order of their coming; the last of a name counts. */
#ifndef GRAPHENE_JINJA_SCOPE_H
#define GRAPHENE_JINJA_SCOPE_H

#include "graphene/jinja.h"

struct jinja_scope {
	struct jinja_variable *variables;
	size_t count;
	size_t capacity;
};

/* Adds a variable, whose name is copied and whose value is moved. */
void jinja_scope_add(struct jinja_scope *scope, const char *name, struct jinja_value *value);
/* A copy of the value; an undefined one that says how to define it when there is none. */
struct jinja_value jinja_scope_get(const struct jinja_scope *scope, const char *name);
/* Removes all but the first `count` variables. */
void jinja_scope_cut(struct jinja_scope *scope, size_t count);
void jinja_scope_free(struct jinja_scope *scope);

#endif
