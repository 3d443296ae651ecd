/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *template_value_type(const struct template_value *value)
{
	static const char *const names[] = {
		[VALUE_MISSING] = "nil",
		[VALUE_BOOL] = "bool",
		[VALUE_INT] = "int",
		[VALUE_UINT] = "uint",
		[VALUE_FLOAT] = "float64",
		[VALUE_STRING] = "string",
		[VALUE_CERTIFICATE] = "manifest.Certificate",
		[VALUE_PRIVATE_KEY] = "manifest.PrivateKey",
		[VALUE_PUBLIC_KEY] = "manifest.PublicKey",
		[VALUE_SECRET] = "manifest.Secret",
		[VALUE_ROOT] = "core.templateData",
		[VALUE_RESERVED] = "core.reservedSecrets",
		[VALUE_PREVIOUS] = "core.previousSecrets",
		[VALUE_SECRETS] = "map[string]manifest.Secret",
	};
	return names[value->kind];
}

bool template_value_is_bytes(const struct template_value *value)
{
	return value->kind == VALUE_STRING || value->kind == VALUE_PRIVATE_KEY ||
	       value->kind == VALUE_PUBLIC_KEY;
}

/*
 * The shortest digits that read back as the same number, with an exponent for numbers below 1e-4
 * and from 1e6.
 */
static void put_float(struct buf *out, double number)
{
	char text[32];
	int digits = 1;
	do
		snprintf(text, sizeof(text), "%.*e", digits - 1, number);
	while (strtod(text, NULL) != number && digits++ < 17);
	long exponent = strtol(strchr(text, 'e') + 1, NULL, 10);
	if (exponent >= -4 && exponent < 6)
		snprintf(text, sizeof(text), "%.*f",
			digits - 1 > exponent ? digits - 1 - (int)exponent : 0, number);
	buf_put_text(out, text);
}

static void put_list(struct buf *out, struct bytes bytes)
{
	const uint8_t *data = bytes.data;
	buf_put_text(out, "[");
	for (size_t i = 0; i < bytes.size; i++)
		buf_printf(out, "%s%u", i ? " " : "", data[i]);
	buf_put_text(out, "]");
}

bool template_value_put(const struct template_value *value, struct buf *out, struct error *err)
{
	switch (value->kind) {
	case VALUE_MISSING:
		buf_put_text(out, "<nil>");
		return true;
	case VALUE_BOOL:
		buf_put_text(out, value->truth ? "true" : "false");
		return true;
	case VALUE_INT:
		buf_printf(out, "%lld", (long long)value->integer);
		return true;
	case VALUE_UINT:
		buf_printf(out, "%llu", (unsigned long long)value->natural);
		return true;
	case VALUE_FLOAT:
		put_float(out, value->fraction);
		return true;
	case VALUE_STRING:
		buf_put(out, value->bytes.data, value->bytes.size);
		return true;
	case VALUE_PRIVATE_KEY:
	case VALUE_PUBLIC_KEY:
		put_list(out, value->bytes);
		return true;
	default:
		return error_set(err, ERROR_INVALID,
			"can't print a value of type %s: print one of its members, or use a "
			"function such as pem, hex or base64",
			template_value_type(value));
	}
}
