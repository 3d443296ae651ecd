/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of JSON objects that must be there and be of one exact kind. Each fails with
 * ERROR_INVALID naming the member and what it should have been.
 */
#ifndef DCAP_JSON_FIELD_H
#define DCAP_JSON_FIELD_H

#include "dcap/json_tree.h"

/* An integer (not 1.0, not 1e1) from 0 to max. */
bool json_field_uint(const struct json_node *object, const char *name, uint32_t max, uint32_t *out,
	struct error *err);
/* Of printable ASCII, without escapes. *out lives as long as the tree. */
bool json_field_text(
	const struct json_node *object, const char *name, const char **out, struct error *err);
/* Exactly 2 * size hex digits of either case. */
bool json_field_hex(const struct json_node *object, const char *name, void *out, size_t size,
	struct error *err);
/* "YYYY-MM-DDThh:mm:ssZ" */
bool json_field_date(
	const struct json_node *object, const char *name, int64_t *out, struct error *err);
/* NULL unless the member is an object. */
const struct json_node *json_field_object(
	const struct json_node *object, const char *name, struct error *err);
/* NULL unless the member is an array with at least one element. */
const struct json_node *json_field_array(
	const struct json_node *object, const char *name, struct error *err);

#endif
