/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of templates: default (d), int, join, length, lower, replace, trim, upper; and the
 * tests defined, undefined, none.
 */
#ifndef GRAPHENE_JINJA_FILTER_H
#define GRAPHENE_JINJA_FILTER_H

#include "graphene/jinja.h"

/* Replaces *value by what the filter makes of it. */
bool jinja_filter(const char *name, struct jinja_value *value, const struct jinja_value *args,
	size_t count, struct error *err);
bool jinja_test(const char *name, const struct jinja_value *value, bool *truth, struct error *err);

/* There is a filter, or a test, of that name. */
bool jinja_has_filter(const char *name);
bool jinja_has_test(const char *name);

#endif
