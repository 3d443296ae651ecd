/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_function.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/pem.h"
#include "manifest/template_compare.h"
#include "manifest/template_literal.h"

#include <string.h>

bool template_function_find_secret(const struct template_data *data,
	const struct template_value *secrets, const char *name, struct template_value *result,
	struct error *err)
{
	bool previous = secrets->is_previous;
	*result = (struct template_value){ .kind = VALUE_MISSING };
	const struct secret *secret = NULL;
	if (!data->find_secret(data->context, name, previous, &secret, err))
		return false;
	if (secret)
		*result = (struct template_value){ .kind = VALUE_SECRET, .secret = secret };
	return true;
}

/* Makes what was written to call->text the result. */
static bool give_text(const struct template_call *call, struct template_value *result)
{
	*result = (struct template_value){
		.kind = VALUE_STRING,
		.bytes = { buf_text(call->text), call->text->size },
	};
	return true;
}

/* pem, hex, base64, raw, string (clause 5.1). */

static bool require_content(struct bytes bytes, struct error *err)
{
	return bytes.size ||
	       error_set(err, ERROR_INVALID, "tried to parse secret with empty value");
}

static bool call_pem(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	static const char *const labels[] = {
		[VALUE_CERTIFICATE] = "CERTIFICATE",
		[VALUE_PRIVATE_KEY] = "PRIVATE KEY",
		[VALUE_PUBLIC_KEY] = "PUBLIC KEY",
		[VALUE_SECRETS] = NULL,
	};
	const struct template_value *value = call->arguments;
	if (value->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "secret does not exist");
	if (!labels[value->kind])
		return error_set(err, ERROR_INVALID, "invalid secret type for pem encoding");
	if (!require_content(value->bytes, err))
		return false;
	pem_encode(call->text, labels[value->kind], value->bytes);
	return give_text(call, result);
}

/* What hex, base64 and raw encode of their argument. */
static bool content_of(const struct template_value *value, struct bytes *bytes, struct error *err)
{
	switch (value->kind) {
	case VALUE_MISSING:
		return error_set(err, ERROR_INVALID, "secret does not exist");
	case VALUE_CERTIFICATE:
	case VALUE_PRIVATE_KEY:
	case VALUE_PUBLIC_KEY:
		*bytes = value->bytes;
		break;
	case VALUE_SECRET:
		*bytes = buf_bytes(&value->secret->public_key);
		break;
	default:
		return error_set(err, ERROR_INVALID, "invalid secret type");
	}
	return require_content(*bytes, err);
}

static bool encode(const struct template_call *call,
	void (*put)(struct buf *out, const void *data, size_t size), struct template_value *result,
	struct error *err)
{
	struct bytes bytes = { 0 };
	if (!content_of(call->arguments, &bytes, err))
		return false;
	put(call->text, bytes.data, bytes.size);
	return give_text(call, result);
}

static bool call_hex(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	return encode(call, hex_encode, result, err);
}

static bool call_base64(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	return encode(call, base64_encode, result, err);
}

static bool call_raw(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	return encode(call, buf_put, result, err);
}

static bool call_string(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	const struct template_value *value = call->arguments;
	if (value->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "secret does not exist");
	if (value->kind != VALUE_SECRET || value->secret->type != SECRET_PLAIN)
		return error_set(err, ERROR_INVALID,
			"only secrets of type plain are allowed to use string encoding for "
			"environment variables");
	struct bytes bytes = buf_bytes(&value->secret->public_key);
	if (!require_content(bytes, err))
		return false;
	if (memchr(bytes.data, 0, bytes.size))
		return error_set(err, ERROR_INVALID, "secret contains null bytes");
	buf_put(call->text, bytes.data, bytes.size);
	return give_text(call, result);
}

/* print and println, with the spaces of Go: always, or between two values that are no strings. */

static bool print(const struct template_call *call, bool line, struct error *err)
{
	for (size_t i = 0; i < call->count; i++) {
		const struct template_value *value = &call->arguments[i];
		bool strings = i && (value->kind == VALUE_STRING || value[-1].kind == VALUE_STRING);
		if (i && (line || !strings))
			buf_put_text(call->text, " ");
		if (!template_value_put(value, call->text, err))
			return false;
	}
	buf_put_text(call->text, line ? "\n" : "");
	return true;
}

static bool call_print(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	return print(call, false, err) && give_text(call, result);
}

static bool call_println(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	return print(call, true, err) && give_text(call, result);
}

/*
 * printf: verbs without flags and width. What Go would write as %!d(string=…) is an error, so that
 * no Marble gets it.
 */

static void put_hex_number(const struct template_value *value, bool upper, struct buf *out)
{
	bool negative = value->kind == VALUE_INT && value->integer < 0;
	uint64_t number = negative ? 0 - value->natural : value->natural;
	buf_put_text(out, negative ? "-" : "");
	buf_printf(out, upper ? "%llX" : "%llx", (unsigned long long)number);
}

static void put_hex_bytes(struct bytes bytes, bool upper, struct buf *out)
{
	const uint8_t *data = bytes.data;
	for (size_t i = 0; i < bytes.size; i++)
		buf_printf(out, upper ? "%02X" : "%02x", data[i]);
}

/* False if the value is not for this verb. */
static bool put_verb(char verb, const struct template_value *value, struct buf *out)
{
	bool is_bytes = template_value_is_bytes(value);
	bool is_string = value->kind == VALUE_STRING;
	bool is_number = value->kind == VALUE_INT || value->kind == VALUE_UINT;
	if (verb == 's' && is_bytes)
		buf_put(out, value->bytes.data, value->bytes.size);
	else if (verb == 'q' && is_bytes)
		literal_quote(value->bytes, out);
	else if ((verb == 'x' || verb == 'X') && is_bytes)
		put_hex_bytes(value->bytes, verb == 'X', out);
	else if ((verb == 'x' || verb == 'X') && is_number)
		put_hex_number(value, verb == 'X', out);
	else if (verb == 'v' || (verb == 'd' && (is_number || (is_bytes && !is_string))) ||
		 (verb == 't' && value->kind == VALUE_BOOL))
		return template_value_put(value, out, NULL);
	else
		return false;
	return true;
}

static bool fail_verb(char verb, const struct template_value *value, struct error *err)
{
	if (!strchr("svqxXdt", verb))
		return error_set(err, ERROR_INVALID,
			"%%%c is not supported: use %%s, %%v, %%d, %%q, %%x, %%X or %%t without "
			"flags",
			verb);
	if (value->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "%%%c: secret does not exist", verb);
	return error_set(err, ERROR_INVALID, "%%%c cannot format a value of type %s", verb,
		template_value_type(value));
}

/* Reads what stands behind a "%". *used counts the arguments that were formatted. */
static bool put_directive(
	const struct template_call *call, char verb, size_t *used, struct error *err)
{
	if (!verb)
		return error_set(err, ERROR_INVALID, "the format ends with %%");
	if (verb == '%') {
		buf_put_u8(call->text, '%');
		return true;
	}
	if (*used == call->count)
		return error_set(err, ERROR_INVALID, "no value for %%%c", verb);
	const struct template_value *value = &call->arguments[(*used)++];
	return put_verb(verb, value, call->text) || fail_verb(verb, value, err);
}

static bool call_printf(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	const char *next = call->arguments->bytes.data;
	const char *end = next + call->arguments->bytes.size;
	size_t used = 1;
	while (next < end) {
		char c = *next++;
		if (c != '%')
			buf_put_u8(call->text, (uint8_t)c);
		else if (!put_directive(call, next < end ? *next++ : 0, &used, err))
			return false;
	}
	if (used != call->count)
		return error_set(
			err, ERROR_INVALID, "%zu values for %zu verbs", call->count - 1, used - 1);
	return give_text(call, result);
}

/* index and len. */

static bool index_bytes(struct bytes bytes, const struct template_value *index,
	struct template_value *result, struct error *err)
{
	const uint8_t *data = bytes.data;
	if (index->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "cannot index slice/array with nil");
	if (index->kind != VALUE_INT && index->kind != VALUE_UINT)
		return error_set(err, ERROR_INVALID, "cannot index slice/array with type %s",
			template_value_type(index));
	if (index->natural >= bytes.size)
		return error_set(
			err, ERROR_INVALID, "index out of range: %lld", (long long)index->integer);
	*result = (struct template_value){ .kind = VALUE_UINT, .natural = data[index->natural] };
	return true;
}

static bool index_secrets(const struct template_data *data, const struct template_value *index,
	struct template_value *item, struct error *err)
{
	if (index->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "value is nil; should be of type string");
	if (index->kind != VALUE_STRING)
		return error_set(err, ERROR_INVALID, "value has type %s; should be string",
			template_value_type(index));
	AUTO(buf_free) struct buf name = { 0 };
	buf_put(&name, index->bytes.data, index->bytes.size);
	if (strlen(buf_text(&name)) == name.size)
		return template_function_find_secret(data, item, buf_text(&name), item, err);
	*item = (struct template_value){ .kind = VALUE_MISSING };
	return true;
}

static bool index_one(const struct template_call *call, const struct template_value *index,
	struct template_value *item, struct error *err)
{
	if (item->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "index of untyped nil");
	if (item->kind == VALUE_SECRETS)
		return index_secrets(call->data, index, item, err);
	if (template_value_is_bytes(item))
		return index_bytes(item->bytes, index, item, err);
	return error_set(
		err, ERROR_INVALID, "can't index item of type %s", template_value_type(item));
}

static bool call_index(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	*result = call->arguments[0];
	if (result->kind == VALUE_MISSING)
		return error_set(err, ERROR_INVALID, "index of untyped nil");
	for (size_t i = 1; i < call->count; i++) {
		if (!index_one(call, &call->arguments[i], result, err))
			return false;
	}
	return true;
}

static bool call_len(
	const struct template_call *call, struct template_value *result, struct error *err)
{
	const struct template_value *value = call->arguments;
	const struct strmap *secrets = call->data->secrets;
	size_t size = secrets ? secrets->count : 0;
	if (template_value_is_bytes(value))
		size = value->bytes.size;
	else if (value->kind != VALUE_SECRETS)
		return error_set(err, ERROR_INVALID, "len of type %s", template_value_type(value));
	*result = (struct template_value){ .kind = VALUE_INT, .integer = (int64_t)size };
	return true;
}

struct row {
	struct template_function function;
	bool in_files;
	bool in_env;
	const char *elsewhere; /* what to do where the function is not there */
};

static const struct row rows[] = {
	{ { "pem", 1, false, false, call_pem, false }, true, true, "" },
	{ { "hex", 1, false, false, call_hex, false }, true, true, "" },
	{ { "base64", 1, false, false, call_base64, false }, true, true, "" },
	{ { "raw", 1, false, false, call_raw, false }, true, false,
		": an environment variable takes hex, base64 or string" },
	{ { "string", 1, false, false, call_string, false }, false, true,
		": a file takes raw, hex or base64" },
	{ { "and", 1, true, false, NULL, false }, true, true, "" },
	{ { "eq", 1, true, false, template_call_eq, false }, true, true, "" },
	{ { "ge", 2, false, false, template_call_ge, false }, true, true, "" },
	{ { "gt", 2, false, false, template_call_gt, false }, true, true, "" },
	{ { "index", 1, true, false, call_index, false }, true, true, "" },
	{ { "le", 2, false, false, template_call_le, false }, true, true, "" },
	{ { "len", 1, false, false, call_len, false }, true, true, "" },
	{ { "lt", 2, false, false, template_call_lt, false }, true, true, "" },
	{ { "ne", 2, false, false, template_call_ne, false }, true, true, "" },
	{ { "not", 1, false, false, template_call_not, false }, true, true, "" },
	{ { "or", 1, true, false, NULL, true }, true, true, "" },
	{ { "print", 0, true, false, call_print, false }, true, true, "" },
	{ { "printf", 1, true, true, call_printf, false }, true, true, "" },
	{ { "println", 0, true, false, call_println, false }, true, true, "" },
};

/* Functions that Go has and this version has not. */
static const char *const lacking[] = { "call", "html", "js", "slice", "urlquery" };

const struct template_function *template_function_find(
	struct bytes name, enum template_use use, const char **reason)
{
	*reason = "";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!bytes_equal(name, bytes_of_text(rows[i].function.name)))
			continue;
		*reason = rows[i].elsewhere;
		bool usable = use == TEMPLATE_FOR_FILE ? rows[i].in_files : rows[i].in_env;
		return usable ? &rows[i].function : NULL;
	}
	for (size_t i = 0; i < sizeof(lacking) / sizeof(*lacking); i++) {
		if (bytes_equal(name, bytes_of_text(lacking[i])))
			*reason = ": this version does not support it";
	}
	return NULL;
}
