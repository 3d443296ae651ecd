/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/go_json_syntax.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct syntax {
	const uint8_t *text;
	size_t at;
	size_t size;
	unsigned depth;
	struct error *err;
};

/* As Go quotes a byte in a message: it takes it for a code point of Latin-1. */
static void put_character(struct buf *out, uint8_t c)
{
	static const char escaped[] = "\a\b\f\n\r\t\v\\'";
	static const char letters[] = "abfnrtv\\'";
	const char *found = c ? strchr(escaped, c) : NULL;
	if (found)
		buf_printf(out, "\\%c", letters[found - escaped]);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\x%02x", c);
	else if (c < 0x80)
		buf_put_u8(out, c);
	else if (c <= 0xa0 || c == 0xad)
		buf_printf(out, "\\u00%02x", c);
	else
		buf_printf(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
}

static bool fail_at(const struct syntax *s, uint8_t c, const char *context)
{
	size_t line = 1;
	size_t line_start = 0;
	for (size_t i = 0; i < s->at; i++) {
		if (s->text[i] != '\n')
			continue;
		line++;
		line_start = i + 1;
	}
	AUTO(buf_free) struct buf character = { 0 };
	put_character(&character, c);
	return error_set(s->err, ERROR_INVALID, "invalid character '%s' %s (line %zu, column %zu)",
		buf_text(&character), context, line, s->at - line_start + 1);
}

/* Something else was expected here, where white space may stand. */
static bool fail(const struct syntax *s, const char *context)
{
	if (s->at >= s->size)
		return error_set(s->err, ERROR_INVALID, "unexpected end of JSON input");
	return fail_at(s, s->text[s->at], context);
}

/* The same in the middle of a token; Go sees a space behind the end of the text. */
static bool fail_in_token(const struct syntax *s, const char *context)
{
	return fail_at(s, s->at < s->size ? s->text[s->at] : ' ', context);
}

/* The next byte, 0 at the end: no token may hold 0. */
static uint8_t peek(const struct syntax *s)
{
	return s->at < s->size ? s->text[s->at] : 0;
}

static uint8_t peek_after_space(struct syntax *s)
{
	uint8_t c = peek(s);
	for (; c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = peek(s))
		s->at++;
	return c;
}

static bool accept(struct syntax *s, uint8_t c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static bool check_escape(struct syntax *s)
{
	uint8_t c = peek(s);
	if (!c || !strchr("\"\\/bfnrtu", c))
		return fail_in_token(s, "in string escape code");
	s->at++;
	for (int i = 0; c == 'u' && i < 4; i++, s->at++) {
		if (!isxdigit(peek(s)))
			return fail_in_token(s, "in \\u hexadecimal character escape");
	}
	return true;
}

static bool check_string(struct syntax *s)
{
	s->at++;
	while (!accept(s, '"')) {
		if (peek(s) < 0x20)
			return fail(s, "in string literal");
		if (!accept(s, '\\'))
			s->at++;
		else if (!check_escape(s))
			return false;
	}
	return true;
}

static bool check_digits(struct syntax *s, const char *context)
{
	if (!isdigit(peek(s)))
		return fail_in_token(s, context);
	while (isdigit(peek(s)))
		s->at++;
	return true;
}

static bool check_number(struct syntax *s)
{
	accept(s, '-');
	if (!accept(s, '0') && !check_digits(s, "in numeric literal"))
		return false;
	if (accept(s, '.') && !check_digits(s, "after decimal point in numeric literal"))
		return false;
	if (!accept(s, 'e') && !accept(s, 'E'))
		return true;
	if (!accept(s, '-'))
		accept(s, '+');
	return check_digits(s, "in exponent of numeric literal");
}

static bool check_literal(struct syntax *s, const char *literal)
{
	for (const char *next = literal; *next; next++) {
		if (accept(s, (uint8_t)*next))
			continue;
		char context[64];
		snprintf(
			context, sizeof(context), "in literal %s (expecting '%c')", literal, *next);
		return fail_in_token(s, context);
	}
	return true;
}

static bool check_value(struct syntax *s);

static bool check_member(struct syntax *s)
{
	if (peek_after_space(s) != '"')
		return fail(s, "looking for beginning of object key string");
	if (!check_string(s))
		return false;
	peek_after_space(s);
	return accept(s, ':') ? check_value(s) : fail(s, "after object key");
}

/* Elements with commas between them, up to `end`. */
static bool check_elements(
	struct syntax *s, uint8_t end, bool (*check)(struct syntax *s), const char *context)
{
	s->at++;
	if (peek_after_space(s) == end)
		return accept(s, end);
	for (;;) {
		if (!check(s))
			return false;
		peek_after_space(s);
		if (accept(s, end))
			return true;
		if (!accept(s, ','))
			return fail(s, context);
	}
}

static bool check_container(struct syntax *s, bool is_object)
{
	if (s->depth == GO_JSON_DEPTH_MAX)
		return error_set(s->err, ERROR_INVALID, "exceeded max depth of %d values",
			GO_JSON_DEPTH_MAX);
	s->depth++;
	bool valid = is_object ? check_elements(s, '}', check_member, "after object key:value pair")
			       : check_elements(s, ']', check_value, "after array element");
	s->depth--;
	return valid;
}

static bool check_value(struct syntax *s)
{
	uint8_t c = peek_after_space(s);
	switch (c) {
	case '{':
	case '[':
		return check_container(s, c == '{');
	case '"':
		return check_string(s);
	case 't':
		return check_literal(s, "true");
	case 'f':
		return check_literal(s, "false");
	case 'n':
		return check_literal(s, "null");
	default:
		if (c != '-' && !isdigit(c))
			return fail(s, "looking for beginning of value");
		return check_number(s);
	}
}

static bool check_first(struct syntax *s)
{
	if (s->size > GO_JSON_SIZE_MAX)
		return error_set(s->err, ERROR_INVALID, "the document has %zu bytes, more than %u",
			s->size, GO_JSON_SIZE_MAX);
	return check_value(s);
}

bool go_json_check_syntax(struct bytes text, struct error *err)
{
	struct syntax s = { .text = text.data, .size = text.size, .err = err };
	if (!check_first(&s))
		return false;
	peek_after_space(&s);
	return s.at == s.size || fail(&s, "after top-level value");
}

bool go_json_check_first_value(struct bytes text, size_t *size, struct error *err)
{
	struct syntax s = { .text = text.data, .size = text.size, .err = err };
	bool valid = check_first(&s);
	*size = s.at;
	return valid;
}
