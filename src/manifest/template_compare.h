/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of templates that compare values (spec manifest.md clause 5.2). */
#ifndef MANIFEST_TEMPLATE_COMPARE_H
#define MANIFEST_TEMPLATE_COMPARE_H

#include "manifest/template_function.h"

/* For the table of functions. eq takes more than two: is the first equal to one of the others? */
bool template_call_eq(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_ne(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_lt(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_le(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_gt(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_ge(
	const struct template_call *call, struct template_value *result, struct error *err);
bool template_call_not(
	const struct template_call *call, struct template_value *result, struct error *err);

/* What if, with, and, or and not go by: what is zero or empty is false, a secret is true. */
bool template_value_is_true(const struct template_data *data, const struct template_value *value);

#endif
