/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_compare.h"

#include <string.h>

bool template_value_is_true(const struct template_data *data, const struct template_value *value)
{
	switch (value->kind) {
	case VALUE_MISSING:
		return false;
	case VALUE_BOOL:
		return value->truth;
	case VALUE_INT:
	case VALUE_UINT:
		return value->natural != 0;
	case VALUE_FLOAT:
		return value->fraction != 0;
	case VALUE_STRING:
	case VALUE_PRIVATE_KEY:
	case VALUE_PUBLIC_KEY:
		return value->bytes.size > 0;
	case VALUE_SECRETS:
		return data->secrets && data->secrets->count > 0;
	default: /* structs of Go */
		return true;
	}
}

static bool give_truth(bool truth, struct template_value *result)
{
	*result = (struct template_value){ .kind = VALUE_BOOL, .truth = truth };
	return true;
}

bool template_call_not(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	(void)err;
	return give_truth(!template_value_is_true(call->data, call->arguments), result);
}

static int sign(bool less, bool greater)
{
	return greater - less;
}

static int compare_bytes(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;
	return order ? order : sign(a.size<b.size, a.size> b.size);
}

/* A negative number is less than every natural one. */
static int compare_integers(const struct template_value *a, const struct template_value *b)
{
	bool a_negative = a->kind == VALUE_INT && a->integer < 0;
	bool b_negative = b->kind == VALUE_INT && b->integer < 0;
	if (a_negative || b_negative)
		return a_negative && b_negative
			       ? sign(a->integer<b->integer, a->integer> b->integer)
			       : sign(a_negative, b_negative);
	return sign(a->natural<b->natural, a->natural> b->natural);
}

static bool is_integer(const struct template_value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_UINT;
}

/* Of values that have an order; numbers with and without sign compare with each other. */
static bool compare(const struct template_value *a, const struct template_value *b, int *order)
{
	if (is_integer(a) && is_integer(b))
		*order = compare_integers(a, b);
	else if (a->kind == VALUE_FLOAT && b->kind == VALUE_FLOAT)
		*order = sign(a->fraction<b->fraction, a->fraction> b->fraction);
	else if (a->kind == VALUE_STRING && b->kind == VALUE_STRING)
		*order = compare_bytes(a->bytes, b->bytes);
	else
		return false;
	return true;
}

static bool are_equal(const struct template_value *a, const struct template_value *b, bool *equal,
	struct error *err)
{
	int order = 0;
	*equal = false;
	if (compare(a, b, &order))
		*equal = order == 0;
	else if (a->kind == VALUE_BOOL && b->kind == VALUE_BOOL)
		*equal = a->truth == b->truth;
	else if (a->kind == VALUE_MISSING || b->kind == VALUE_MISSING)
		*equal = a->kind == b->kind;
	else if (a->kind == b->kind)
		return error_set(
			err, ERROR_INVALID, "non-comparable type %s", template_value_type(a));
	else
		return error_set(err, ERROR_INVALID, "incompatible types for comparison");
	return true;
}

bool template_call_eq(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	bool equal = false;
	if (call->count < 2)
		return error_set(err, ERROR_INVALID, "missing argument for comparison");
	for (size_t i = 1; i < call->count && !equal; i++) {
		if (!are_equal(call->arguments, &call->arguments[i], &equal, err))
			return false;
	}
	return give_truth(equal, result);
}

bool template_call_ne(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	bool equal;
	return are_equal(&call->arguments[0], &call->arguments[1], &equal, err) &&
	       give_truth(!equal, result);
}

static bool order_of(const struct template_call *call, int *order, struct error *err)
{
	const struct template_value *a = &call->arguments[0];
	const struct template_value *b = &call->arguments[1];
	if (compare(a, b, order))
		return true;
	bool has_order = is_integer(a) || a->kind == VALUE_FLOAT || a->kind == VALUE_STRING;
	return error_set(err, ERROR_INVALID,
		has_order ? "incompatible types for comparison" : "invalid type for comparison");
}

bool template_call_lt(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	int order = 0;
	return order_of(call, &order, err) && give_truth(order < 0, result);
}

bool template_call_le(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	int order = 0;
	return order_of(call, &order, err) && give_truth(order <= 0, result);
}

bool template_call_gt(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	int order = 0;
	return order_of(call, &order, err) && give_truth(order > 0, result);
}

bool template_call_ge(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	int order = 0;
	return order_of(call, &order, err) && give_truth(order >= 0, result);
}
