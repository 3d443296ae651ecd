/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_scope.h"

#include "base/memory.h"
#include "graphene/jinja_value.h"

#include <stdlib.h>
#include <string.h>

void jinja_scope_add(struct jinja_scope *scope, const char *name, struct jinja_value *value)
{
	if (scope->count == scope->capacity) {
		scope->capacity = scope->capacity ? 2 * scope->capacity : 16;
		scope->variables =
			xreallocarray(scope->variables, scope->capacity, sizeof(*scope->variables));
	}
	scope->variables[scope->count++] =
		(struct jinja_variable){ xstrdup(name), jinja_value_take(value) };
}

void jinja_scope_cut(struct jinja_scope *scope, size_t count)
{
	while (scope->count > count) {
		struct jinja_variable *last = &scope->variables[--scope->count];
		free((char *)last->name);
		jinja_value_free(&last->value);
	}
}

void jinja_scope_free(struct jinja_scope *scope)
{
	jinja_scope_cut(scope, 0);
	free(scope->variables);
}

struct jinja_value jinja_scope_get(const struct jinja_scope *scope, const char *name)
{
	for (size_t i = scope->count; i > 0; i--) {
		if (!strcmp(scope->variables[i - 1].name, name))
			return jinja_value_copy(&scope->variables[i - 1].value);
	}
	return jinja_undefined("'%s' is undefined; define it with -D%s=…", name, name);
}
