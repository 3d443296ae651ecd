/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/yaml_scalar.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "cli/go_float.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

enum value_kind { VALUE_NULL, VALUE_BOOL, VALUE_INTEGER, VALUE_FLOAT, VALUE_TEXT };

static const char *const kind_names[] = { "null", "bool", "int", "float", "str" };

struct value {
	enum value_kind kind;
	bool truth;
	bool negative;
	uint64_t magnitude;
	double number;
};

struct word {
	const char *text;
	struct value value;
};

static const struct word words[] = {
	{ "", { .kind = VALUE_NULL } },
	{ "~", { .kind = VALUE_NULL } },
	{ "null", { .kind = VALUE_NULL } },
	{ "y", { .kind = VALUE_BOOL, .truth = true } },
	{ "yes", { .kind = VALUE_BOOL, .truth = true } },
	{ "true", { .kind = VALUE_BOOL, .truth = true } },
	{ "on", { .kind = VALUE_BOOL, .truth = true } },
	{ "n", { .kind = VALUE_BOOL } },
	{ "no", { .kind = VALUE_BOOL } },
	{ "false", { .kind = VALUE_BOOL } },
	{ "off", { .kind = VALUE_BOOL } },
	{ ".inf", { .kind = VALUE_FLOAT, .number = INFINITY } },
	{ "+.inf", { .kind = VALUE_FLOAT, .number = INFINITY } },
	{ "-.inf", { .kind = VALUE_FLOAT, .number = -INFINITY } },
	{ ".nan", { .kind = VALUE_FLOAT, .number = NAN } },
	{ ".NaN", { .kind = VALUE_FLOAT, .number = NAN } },
};

/* A word may be written in lower case, in capitals, or with a capital first letter. */
static bool is_written_as(const char *text, const char *word)
{
	size_t first = strspn(word, "+-.");
	size_t length = strlen(word);
	if (strlen(text) != length || strncmp(text, word, first) != 0)
		return false;
	bool all_upper = true;
	for (size_t i = first; i < length; i++)
		all_upper = all_upper && text[i] == toupper((uint8_t)word[i]);
	return all_upper || !strcmp(text + first, word + first) ||
	       (text[first] == toupper((uint8_t)word[first]) &&
		       !strcmp(text + first + 1, word + first + 1));
}

static bool resolve_word(const char *text, struct value *value)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (is_written_as(text, words[i].text)) {
			*value = words[i].value;
			return true;
		}
	}
	return false;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	int lower = tolower((uint8_t)c);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/* Steps over 0x, 0o, 0b or the 0 of an octal number. */
static unsigned take_base(const char **text)
{
	if ((*text)[0] != '0')
		return 10;
	static const char letters[] = "xXoObB";
	static const unsigned bases[] = { 16, 8, 2 };
	const char *letter = (*text)[1] ? strchr(letters, (*text)[1]) : NULL;
	bool has_letter = letter && (*text)[2];
	*text += has_letter ? 2 : 1;
	return has_letter ? bases[(letter - letters) / 2] : 8;
}

/* Whole numbers that fit in 64 bits, signed or (only without sign) unsigned. */
static bool resolve_integer(const char *text, struct value *value)
{
	bool has_sign = *text == '+' || *text == '-';
	bool negative = *text == '-';
	const char *next = text + has_sign;
	if (!isdigit((uint8_t)*next))
		return false;
	uint64_t limit = has_sign ? (uint64_t)INT64_MAX + negative : UINT64_MAX;
	unsigned base = take_base(&next);
	uint64_t magnitude = 0;
	for (; *next; next++) {
		unsigned digit = (unsigned)digit_of(*next);
		if (digit >= base || magnitude > (limit - digit) / base)
			return false;
		magnitude = magnitude * base + digit;
	}
	*value = (struct value){
		.kind = VALUE_INTEGER, .negative = negative && magnitude, .magnitude = magnitude
	};
	return true;
}

/* [-+]? ( . digits | digits [ . digits? ] ) ( [eE] [-+]? digits )? */
static bool looks_like_float(const char *text)
{
	static const char digits[] = "0123456789";
	text += *text == '+' || *text == '-';
	size_t whole = strspn(text, digits);
	text += whole;
	if (*text == '.') {
		size_t fraction = strspn(++text, digits);
		text += fraction;
		whole += fraction;
	}
	if (!whole)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		size_t exponent = strspn(text, digits);
		if (!exponent)
			return false;
		text += exponent;
	}
	return !*text;
}

static bool resolve_float(const char *text, struct value *value)
{
	if (!looks_like_float(text))
		return false;
	*value = (struct value){ .kind = VALUE_FLOAT, .number = strtod(text, NULL) };
	return isfinite(value->number);
}

/* Digits may be grouped by underscores, except where the number starts with its point. */
static bool resolve_number(const char *text, struct value *value)
{
	if (*text == '.')
		return resolve_float(text, value);
	if (!isdigit((uint8_t)*text) && *text != '+' && *text != '-')
		return false;
	AUTO(buf_free) struct buf plain = { 0 };
	for (const char *c = text; *c; c++) {
		if (*c != '_')
			buf_put_u8(&plain, (uint8_t)*c);
	}
	return resolve_integer(buf_text(&plain), value) || resolve_float(buf_text(&plain), value);
}

static struct value resolve_text(const struct buf *text)
{
	struct value value = { .kind = VALUE_TEXT };
	const char *start = buf_text(text);
	if (strlen(start) != text->size)
		return value; /* has a NUL inside */
	if (!resolve_word(start, &value) && !resolve_number(start, &value))
		value = (struct value){ .kind = VALUE_TEXT };
	return value;
}

/* The kind that a standard tag asks for; VALUE_TEXT for all others, as yaml.v2 has it. */
static enum value_kind tagged_kind(const char *tag)
{
	if (strncmp(tag, TAG_PREFIX, strlen(TAG_PREFIX)) != 0)
		return VALUE_TEXT;
	for (enum value_kind kind = VALUE_NULL; kind < VALUE_TEXT; kind++) {
		if (!strcmp(tag + strlen(TAG_PREFIX), kind_names[kind]))
			return kind;
	}
	return VALUE_TEXT;
}

static bool resolve(const struct yaml_node *scalar, struct value *value, struct error *err)
{
	*value = (struct value){ .kind = VALUE_TEXT };
	if (scalar->is_plain)
		*value = resolve_text(&scalar->text);
	if (!scalar->tag)
		return true;
	enum value_kind wanted = tagged_kind(scalar->tag);
	if (wanted == VALUE_TEXT)
		return true;
	*value = resolve_text(&scalar->text);
	if (wanted == VALUE_FLOAT && value->kind == VALUE_INTEGER) {
		double number = (double)value->magnitude;
		*value = (struct value){ .kind = VALUE_FLOAT,
			.number = value->negative ? -number : number };
	}
	if (value->kind == wanted)
		return true;
	return error_set(err, ERROR_INVALID, "line %zu: \"%s\" is no !!%s", scalar->line,
		buf_text(&scalar->text), kind_names[wanted]);
}

static bool put_text(const struct yaml_node *scalar, struct buf *text, struct error *err)
{
	if (!scalar->tag || strcmp(scalar->tag, TAG_PREFIX "binary")) {
		buf_put(text, scalar->text.data, scalar->text.size);
		return true;
	}
	return base64_decode(text, buf_text(&scalar->text), scalar->text.size) ||
	       error_set(err, ERROR_INVALID, "line %zu: !!binary is not followed by base64",
		       scalar->line);
}

static void put_integer(const struct value *value, struct buf *out)
{
	buf_printf(out, "%s%llu", value->negative ? "-" : "", (unsigned long long)value->magnitude);
}

bool yaml_scalar_put_json(const struct yaml_node *scalar, struct buf *json, struct error *err)
{
	struct value value;
	AUTO(buf_free) struct buf text = { 0 };
	if (!resolve(scalar, &value, err))
		return false;
	switch (value.kind) {
	case VALUE_NULL:
		buf_put_text(json, "null");
		return true;
	case VALUE_BOOL:
		buf_put_text(json, value.truth ? "true" : "false");
		return true;
	case VALUE_INTEGER:
		put_integer(&value, json);
		return true;
	case VALUE_FLOAT:
		if (!isfinite(value.number))
			return error_set(err, ERROR_INVALID,
				"line %zu: JSON cannot express %s: put it in quotes if it is text",
				scalar->line, buf_text(&scalar->text));
		go_float_put_json(value.number, json);
		return true;
	case VALUE_TEXT:
		if (!put_text(scalar, &text, err))
			return false;
		json_text_put(json, buf_text(&text), text.size);
	}
	return true;
}

bool yaml_scalar_put_name(const struct yaml_node *scalar, struct buf *name, struct error *err)
{
	struct value value;
	if (!resolve(scalar, &value, err))
		return false;
	if (value.kind == VALUE_TEXT)
		return put_text(scalar, name, err);
	if (value.kind == VALUE_NULL || value.kind == VALUE_FLOAT)
		return error_set(err, ERROR_INVALID,
			"line %zu: the key \"%s\" is a %s: put it in quotes", scalar->line,
			buf_text(&scalar->text), kind_names[value.kind]);
	if (value.kind == VALUE_BOOL)
		buf_put_text(name, value.truth ? "true" : "false");
	else
		put_integer(&value, name);
	return true;
}

bool yaml_scalar_is_merge(const struct yaml_node *node)
{
	if (node->kind != YAML_KIND_SCALAR || strcmp(buf_text(&node->text), "<<") != 0)
		return false;
	return node->is_plain || (node->tag && !strcmp(node->tag, TAG_PREFIX "merge"));
}
