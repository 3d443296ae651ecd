/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done with values in expressions. All of it fails for undefined values. */
#ifndef GRAPHENE_JINJA_VALUE_H
#define GRAPHENE_JINJA_VALUE_H

#include "graphene/jinja.h"

#define JINJA_TEXT_MAX (16U << 20) /* bytes of a string in a template */

struct jinja_value jinja_value_copy(const struct jinja_value *value);
/* Moves the value out; *value holds nothing afterwards. */
struct jinja_value jinja_value_take(struct jinja_value *value);
struct jinja_value jinja_undefined(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ERROR_INVALID with what is missing, if the value is undefined. */
bool jinja_check_defined(const struct jinja_value *value, struct error *err);
/* As data: an object becomes what it is plainly. The caller owns the reference; NULL on error. */
json_t *jinja_data(const struct jinja_value *value, struct error *err);

bool jinja_truth(const struct jinja_value *value, bool *truth, struct error *err);
/* Attribute `a.name`; also `a["name"]`. Undefined when there is none. */
bool jinja_get_member(const struct jinja_value *value, const char *name, struct jinja_value *out,
	struct error *err);
/* `a[index]` of a list or, with a string as index, as jinja_get_member. */
bool jinja_get_item(const struct jinja_value *value, const struct jinja_value *index,
	struct jinja_value *out, struct error *err);
bool jinja_call(const struct jinja_value *callee, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err);

/* Operators by their text: + - * / ~ and == != < <= > >= in. */
bool jinja_operate(const char *symbol, const struct jinja_value *a, const struct jinja_value *b,
	struct jinja_value *out, struct error *err);

#endif
