/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_value.h"

#include "base/cleanup.h"
#include "graphene/manifest_value.h"

#include <string.h>
#include <sys/stat.h>

void jinja_value_free(struct jinja_value *value)
{
	json_decref(value->data);
	*value = (struct jinja_value){ 0 };
}

struct jinja_value jinja_value_copy(const struct jinja_value *value)
{
	json_incref(value->data);
	return *value;
}

struct jinja_value jinja_value_take(struct jinja_value *value)
{
	struct jinja_value taken = *value;
	*value = (struct jinja_value){ 0 };
	return taken;
}

struct jinja_value jinja_undefined(const char *format, ...)
{
	AUTO(buf_free) struct buf message = { 0 };
	va_list args;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	return (struct jinja_value){ .kind = JINJA_UNDEFINED,
		.data = json_string(buf_text(&message)) };
}

bool jinja_set_data(struct jinja_value *out, json_t *data, struct error *err)
{
	*out = (struct jinja_value){ .kind = JINJA_DATA, .data = data };
	return data || error_set(err, ERROR_INVALID, "a value that is not valid UTF-8");
}

bool jinja_set_text(struct jinja_value *out, const char *text, struct error *err)
{
	return jinja_set_data(out, json_string(text), err);
}

bool jinja_check_defined(const struct jinja_value *value, struct error *err)
{
	if (value->kind != JINJA_UNDEFINED || !value->data)
		return true;
	return error_set(err, ERROR_INVALID, "%s", json_string_value(value->data));
}

json_t *jinja_data(const struct jinja_value *value, struct error *err)
{
	if (!jinja_check_defined(value, err))
		return NULL;
	if (value->kind == JINJA_DATA)
		return json_incref(value->data);
	if (value->kind == JINJA_UNDEFINED)
		return json_string("");
	struct jinja_value plain = { 0 };
	if (value->object->plain)
		return value->object->plain(value->data, &plain, err) ? plain.data : NULL;
	error_set(err, ERROR_INVALID, "'%s' has no value of its own", value->object->name);
	return NULL;
}

bool jinja_put_text(const struct jinja_value *value, struct buf *out, struct error *err)
{
	AUTO(auto_json) json_t *data = jinja_data(value, err);
	if (!data)
		return false;
	switch (json_typeof(data)) {
	case JSON_STRING:
		buf_put(out, json_string_value(data), json_string_length(data));
		return true;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(data));
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_put_text(out, json_is_true(data) ? "True" : "False");
		return true;
	case JSON_NULL:
		buf_put_text(out, "None");
		return true;
	default:
		return error_set(err, ERROR_INVALID,
			"a list or a table has no text; use a for loop or the filter join");
	}
}

bool jinja_truth(const struct jinja_value *value, bool *truth, struct error *err)
{
	*truth = false;
	if (!jinja_check_defined(value, err))
		return false;
	const json_t *data = value->data;
	*truth = value->kind == JINJA_OBJECT || json_is_true(data) || json_integer_value(data) ||
		 json_string_length(data) || json_array_size(data) || json_object_size(data);
	return true;
}

/* The two methods of paths that templates call, bound to the path. */
static bool test_path(
	json_t *bound, size_t count, mode_t kind, struct jinja_value *out, struct error *err)
{
	struct stat status;
	if (count)
		return error_set(err, ERROR_INVALID, "takes no arguments");
	bool is = stat(json_string_value(bound), &status) == 0 && (status.st_mode & S_IFMT) == kind;
	return jinja_set_data(out, json_boolean(is), err);
}

static bool is_dir(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)args;
	return test_path(bound, count, S_IFDIR, out, err);
}

static bool is_file(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	(void)args;
	return test_path(bound, count, S_IFREG, out, err);
}

static const struct jinja_object path_methods[] = {
	{ .name = "is_dir", .call = is_dir },
	{ .name = "is_file", .call = is_file },
};

bool jinja_get_member(const struct jinja_value *value, const char *name, struct jinja_value *out,
	struct error *err)
{
	if (!jinja_check_defined(value, err))
		return false;
	*out = (struct jinja_value){ .kind = JINJA_UNDEFINED };
	if (value->kind == JINJA_OBJECT) {
		if (value->object->get && !value->object->get(value->data, name, out, err))
			return false;
	} else if (json_object_get(value->data, name)) {
		return jinja_set_data(out, json_incref(json_object_get(value->data, name)), err);
	}
	for (size_t i = 0; json_is_string(value->data) && i < 2; i++) {
		if (value->kind == JINJA_DATA && !strcmp(name, path_methods[i].name))
			*out = (struct jinja_value){ JINJA_OBJECT, json_incref(value->data),
				&path_methods[i] };
	}
	if (out->kind == JINJA_UNDEFINED && !out->data)
		*out = jinja_undefined("there is no attribute '%s'", name);
	return true;
}

bool jinja_get_item(const struct jinja_value *value, const struct jinja_value *index,
	struct jinja_value *out, struct error *err)
{
	if (!jinja_check_defined(value, err) || !jinja_check_defined(index, err))
		return false;
	if (json_is_string(index->data))
		return jinja_get_member(value, json_string_value(index->data), out, err);
	if (!json_is_integer(index->data) || !json_is_array(value->data))
		return error_set(
			err, ERROR_INVALID, "a subscript is a name, or an integer behind a list");
	json_int_t count = (json_int_t)json_array_size(value->data);
	json_int_t at = json_integer_value(index->data);
	at += at < 0 ? count : 0;
	if (at < 0 || at >= count) {
		*out = jinja_undefined("the list has no element %lld", (long long)at);
		return true;
	}
	return jinja_set_data(out, json_incref(json_array_get(value->data, (size_t)at)), err);
}

bool jinja_call(const struct jinja_value *callee, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	if (!jinja_check_defined(callee, err))
		return false;
	if (callee->kind != JINJA_OBJECT || !callee->object->call)
		return error_set(err, ERROR_INVALID, "only functions can be called");
	for (size_t i = 0; i < count; i++) {
		if (!jinja_check_defined(&args[i], err))
			return false;
	}
	return callee->object->call(callee->data, args, count, out, err) ||
	       error_prefix(err, "%s()", callee->object->name);
}

static bool put_joined(const char *symbol, const struct jinja_value *a, const struct jinja_value *b,
	struct buf *text, struct error *err)
{
	AUTO(buf_free) struct buf second = { 0 };
	if (!jinja_put_text(a, text, err) || !jinja_put_text(b, &second, err))
		return false;
	bool is_path = *symbol == '/';
	if (is_path && second.size && second.data[0] == '/')
		buf_clear(text);
	else if (is_path && second.size && text->size && text->data[text->size - 1] != '/')
		buf_put_u8(text, '/');
	if (text->size + second.size > JINJA_TEXT_MAX)
		return error_set(err, ERROR_INVALID, "a text that gets too long");
	buf_put(text, second.data, second.size);
	return true;
}

static bool join(const char *symbol, const struct jinja_value *a, const struct jinja_value *b,
	struct jinja_value *out, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	return put_joined(symbol, a, b, &text, err) &&
	       jinja_set_data(out, json_stringn(buf_text(&text), text.size), err);
}

static bool calculate(
	char symbol, json_int_t a, json_int_t b, struct jinja_value *out, struct error *err)
{
	json_int_t result = 0;
	bool overflow = symbol == '+'   ? __builtin_add_overflow(a, b, &result)
			: symbol == '-' ? __builtin_sub_overflow(a, b, &result)
					: __builtin_mul_overflow(a, b, &result);
	if (overflow)
		return error_set(err, ERROR_INVALID, "a number that gets too large");
	return jinja_set_data(out, json_integer(result), err);
}

/* Negative, zero or positive, as strcmp. */
static bool compare(const json_t *a, const json_t *b, int *order, struct error *err)
{
	if (json_is_string(a) && json_is_string(b)) {
		*order = strcmp(json_string_value(a), json_string_value(b));
		return true;
	}
	json_int_t x = json_integer_value(a);
	json_int_t y = json_integer_value(b);
	*order = (x > y) - (x < y);
	return (json_is_integer(a) && json_is_integer(b)) ||
	       error_set(err, ERROR_INVALID, "only two texts or two integers have an order");
}

static bool contains(const json_t *whole, const json_t *part, bool *found, struct error *err)
{
	*found = false;
	for (size_t i = 0; i < json_array_size(whole); i++)
		*found |= json_equal(json_array_get(whole, i), part);
	if (json_is_string(part) && json_is_string(whole))
		*found = strstr(json_string_value(whole), json_string_value(part)) != NULL;
	if (json_is_string(part) && json_is_object(whole))
		*found = json_object_get(whole, json_string_value(part)) != NULL;
	return json_is_array(whole) ||
	       (json_is_string(part) && (json_is_string(whole) || json_is_object(whole))) ||
	       error_set(err, ERROR_INVALID, "'in' looks into lists, tables and texts");
}

/* a and b are data. */
static bool relate(
	const char *symbol, const json_t *a, const json_t *b, bool *truth, struct error *err)
{
	int order = 0;
	if (!strcmp(symbol, "in"))
		return contains(b, a, truth, err);
	if (!strcmp(symbol, "==") || !strcmp(symbol, "!=")) {
		*truth = json_equal(a, b) == (*symbol == '=');
		return true;
	}
	if (!compare(a, b, &order, err))
		return false;
	bool or_equal = symbol[1] == '=';
	*truth = *symbol == '<' ? order < or_equal : order > -or_equal;
	return true;
}

static bool add_lists(json_t *a, json_t *b, struct jinja_value *out, struct error *err)
{
	json_t *sum = json_copy(a);
	json_array_extend(sum, b);
	return jinja_set_data(out, sum, err);
}

bool jinja_operate(const char *symbol, const struct jinja_value *a, const struct jinja_value *b,
	struct jinja_value *out, struct error *err)
{
	bool truth = false;
	AUTO(auto_json) json_t *x = jinja_data(a, err);
	AUTO(auto_json) json_t *y = x ? jinja_data(b, err) : NULL;
	if (!y)
		return false;
	if (!strcmp(symbol, "~") ||
		((*symbol == '/' || *symbol == '+') && json_is_string(x) && json_is_string(y)))
		return join(symbol, a, b, out, err);
	if (*symbol == '+' && json_is_array(x) && json_is_array(y))
		return add_lists(x, y, out, err);
	if (strchr("+-*", *symbol) && json_is_integer(x) && json_is_integer(y))
		return calculate(*symbol, json_integer_value(x), json_integer_value(y), out, err);
	if (strchr("+-*/", *symbol))
		return error_set(err, ERROR_INVALID, "'%s' cannot join these values", symbol);
	return relate(symbol, x, y, &truth, err) && jinja_set_data(out, json_boolean(truth), err);
}
