/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_filter.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/jinja_value.h"
#include "graphene/manifest_value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct filter_call {
	struct jinja_value *value; /* in and out */
	const struct jinja_value *args;
	size_t count;
};

static bool set_data(struct jinja_value *value, json_t *data, struct error *err)
{
	jinja_value_free(value);
	return jinja_set_data(value, data, err);
}

/* default(x): x for an undefined value; default(x, true): for one that is not true as well. */
static bool filter_default(const struct filter_call *call, struct error *err)
{
	bool for_false = false;
	bool truth = false;
	if (call->count > 1 && !jinja_truth(&call->args[1], &for_false, err))
		return false;
	bool replace = call->value->kind == JINJA_UNDEFINED;
	if (!replace && for_false) {
		if (!jinja_truth(call->value, &truth, err))
			return false;
		replace = !truth;
	}
	if (!replace)
		return true;
	jinja_value_free(call->value);
	if (!call->count)
		return jinja_set_text(call->value, "", err);
	*call->value = jinja_value_copy(&call->args[0]);
	return true;
}

/* int(x): 0, or x, for what is no integer. */
static bool filter_int(const struct filter_call *call, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!jinja_check_defined(call->value, err))
		return false;
	if (json_is_integer(call->value->data))
		return true;
	if (!jinja_put_text(call->value, &text, err))
		return false;
	char *end = NULL;
	errno = 0;
	long long number = strtoll(buf_text(&text), &end, 10);
	bool is_number = text.size && !*end && !errno;
	if (!is_number && call->count) {
		jinja_value_free(call->value);
		*call->value = jinja_value_copy(&call->args[0]);
		return true;
	}
	return set_data(call->value, json_integer(is_number ? number : 0), err);
}

static bool filter_join(const struct filter_call *call, struct error *err)
{
	AUTO(buf_free) struct buf out = { 0 };
	AUTO(buf_free) struct buf separator = { 0 };
	AUTO(auto_json) json_t *list = jinja_data(call->value, err);
	if (!list || (call->count && !jinja_put_text(&call->args[0], &separator, err)))
		return false;
	if (!json_is_array(list))
		return error_set(err, ERROR_INVALID, "only lists can be joined");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct jinja_value element = { JINJA_DATA, json_array_get(list, i), NULL };
		buf_put(&out, separator.data, i ? separator.size : 0);
		if (!jinja_put_text(&element, &out, err))
			return false;
		if (out.size > JINJA_TEXT_MAX)
			return error_set(err, ERROR_INVALID, "a text that gets too long");
	}
	return set_data(call->value, json_stringn(buf_text(&out), out.size), err);
}

static bool filter_length(const struct filter_call *call, struct error *err)
{
	AUTO(auto_json) json_t *data = jinja_data(call->value, err);
	if (!data)
		return false;
	size_t length = json_array_size(data) + json_object_size(data);
	const char *text = json_string_value(data);
	for (; text && *text; text++)
		length += (*text & 0xc0) != 0x80; /* characters, not bytes */
	return set_data(call->value, json_integer((json_int_t)length), err);
}

/* Replaces the value by its text, ASCII letters changed by `change`. */
static bool change_letters(struct jinja_value *value, int (*change)(int), struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!jinja_put_text(value, &text, err))
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < 0x80)
			text.data[i] = (uint8_t)change(text.data[i]);
	}
	return set_data(value, json_stringn(buf_text(&text), text.size), err);
}

static bool filter_lower(const struct filter_call *call, struct error *err)
{
	return change_letters(call->value, tolower, err);
}

static bool filter_upper(const struct filter_call *call, struct error *err)
{
	return change_letters(call->value, toupper, err);
}

static bool filter_replace(const struct filter_call *call, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf from = { 0 };
	AUTO(buf_free) struct buf to = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	if (!jinja_put_text(call->value, &text, err) ||
		!jinja_put_text(&call->args[0], &from, err) ||
		!jinja_put_text(&call->args[1], &to, err))
		return false;
	if (!from.size)
		return error_set(err, ERROR_INVALID, "replace cannot look for an empty text");
	const char *next = buf_text(&text);
	for (const char *found; (found = strstr(next, buf_text(&from)));) {
		buf_put(&out, next, (size_t)(found - next));
		buf_put(&out, to.data, to.size);
		next = found + from.size;
		if (out.size > JINJA_TEXT_MAX)
			return error_set(err, ERROR_INVALID, "a text that gets too long");
	}
	buf_put_text(&out, next);
	return set_data(call->value, json_stringn(buf_text(&out), out.size), err);
}

static bool filter_trim(const struct filter_call *call, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!jinja_put_text(call->value, &text, err))
		return false;
	const char *start = buf_text(&text);
	const char *end = start + text.size;
	while (start < end && isspace((unsigned char)*start))
		start++;
	while (start < end && isspace((unsigned char)end[-1]))
		end--;
	return set_data(call->value, json_stringn(start, (size_t)(end - start)), err);
}

static const struct filter {
	const char *name;
	bool (*apply)(const struct filter_call *call, struct error *err);
	size_t min_args;
	size_t max_args;
} filters[] = {
	{ "d", filter_default, 0, 2 },
	{ "default", filter_default, 0, 2 },
	{ "int", filter_int, 0, 1 },
	{ "join", filter_join, 0, 1 },
	{ "length", filter_length, 0, 0 },
	{ "lower", filter_lower, 0, 0 },
	{ "replace", filter_replace, 2, 2 },
	{ "trim", filter_trim, 0, 0 },
	{ "upper", filter_upper, 0, 0 },
};

static const struct filter *find(const char *name)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		if (!strcmp(filters[i].name, name))
			return &filters[i];
	}
	return NULL;
}

bool jinja_has_filter(const char *name)
{
	return find(name) != NULL;
}

bool jinja_filter(const char *name, struct jinja_value *value, const struct jinja_value *args,
	size_t count, struct error *err)
{
	const struct filter *filter = find(name);
	struct filter_call call = { value, args, count };
	if (count < filter->min_args || count > filter->max_args)
		error_set(err, ERROR_INVALID, "takes %zu to %zu arguments", filter->min_args,
			filter->max_args);
	else if (filter->apply(&call, err))
		return true;
	return error_prefix(err, "filter %s", name);
}

bool jinja_has_test(const char *name)
{
	return !strcmp(name, "defined") || !strcmp(name, "undefined") || !strcmp(name, "none");
}

bool jinja_test(const char *name, const struct jinja_value *value, bool *truth, struct error *err)
{
	bool is_defined = value->kind != JINJA_UNDEFINED;
	*truth = *name == 'd' ? is_defined : !is_defined;
	if (strcmp(name, "none") != 0)
		return true;
	*truth = json_is_null(value->data);
	return jinja_check_defined(value, err);
}
