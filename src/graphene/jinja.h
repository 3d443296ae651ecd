/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the Jinja2 template language that manifests use (spec graphene-manifest.md clause
 *10):
 *
 *	{{ expression }}   {# comment #}   {%- trim markers -%}
 *	{% if … %} {% elif … %} {% else %} {% endif %}
 *	{% for x in … %} … {% else %} … {% endfor %}, with loop.index, index0, first, last, length
 *	{% set x = … %}
 *
 * Expressions have names, attributes, subscripts, calls, literals (strings, integers, lists, true,
 * false, none), `a if b else c`, or, and, not, comparisons, in, + - * ~, `/` that joins paths, the
 * tests defined, undefined and none, and the filters of jinja_filter.h. An undefined value can be
 * tested and given a default; any other use of it is an error, as with StrictUndefined. Without its
 * else, `a if b` is nothing when b is false.
 */
#ifndef GRAPHENE_JINJA_H
#define GRAPHENE_JINJA_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

enum jinja_kind {
	JINJA_UNDEFINED, /* data: a string that says what is missing; NULL: prints as nothing */
	JINJA_DATA,      /* data: anything JSON has; paths are strings */
	JINJA_OBJECT,    /* object, and in data what it is bound to, or NULL */
};

struct jinja_object;

/* Whoever has a value frees it with jinja_value_free; the zero value prints as nothing. */
struct jinja_value {
	enum jinja_kind kind;
	json_t *data; /* a reference */
	const struct jinja_object *object;
};

/* What a program offers to templates. Functions that are NULL are not possible with the object. */
struct jinja_object {
	const char *name;
	/* Attribute or item. Leaves *out undefined when there is none of that name. */
	bool (*get)(json_t *bound, const char *name, struct jinja_value *out, struct error *err);
	bool (*call)(json_t *bound, const struct jinja_value *args, size_t count,
		struct jinja_value *out, struct error *err);
	/* What the object is when it is printed or joined with a path. */
	bool (*plain)(json_t *bound, struct jinja_value *out, struct error *err);
};

void jinja_value_free(struct jinja_value *value);
/* Takes over data; NULL, which jansson returns for text that is no UTF-8, is an error. */
bool jinja_set_data(struct jinja_value *out, json_t *data, struct error *err);
bool jinja_set_text(struct jinja_value *out, const char *text, struct error *err);
/* Appends what the value prints as; undefined values, lists and tables are errors. */
bool jinja_put_text(const struct jinja_value *value, struct buf *out, struct error *err);

struct jinja_variable {
	const char *name;
	struct jinja_value value;
};

/*
 * Appends the rendered text. Of two variables of one name the later counts. Errors are
 * ERROR_INVALID "line <n>: <tag>: …", or of the kind that an object set. Templates are bounded in
 * the number of steps they take and in the size of what they make.
 */
bool jinja_render(struct bytes text, const struct jinja_variable *variables, size_t count,
	struct buf *out, struct error *err);

#endif
