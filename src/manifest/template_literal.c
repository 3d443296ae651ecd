/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_literal.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is left to read of a literal. */
struct cursor {
	const char *next;
	const char *end;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Reads exactly count digits of a base up to 16. */
static bool read_digits(struct cursor *c, int count, int base, uint32_t *value)
{
	for (*value = 0; count > 0; count--) {
		int digit = c->next < c->end ? digit_value(*c->next) : 16;
		if (digit >= base)
			return false;
		*value = *value * (uint32_t)base + (uint32_t)digit;
		c->next++;
	}
	return true;
}

static bool read_code_point(struct cursor *c, int digits, uint32_t *point)
{
	return read_digits(c, digits, 16, point) && *point <= 0x10ffff &&
	       (*point < 0xd800 || *point >= 0xe000);
}

/*
 * Reads an escape behind its backslash. *is_byte: the value is one byte of the string and no code
 * point.
 */
static bool read_escape(struct cursor *c, char quote, uint32_t *value, bool *is_byte)
{
	static const char letters[] = "abfnrtv\\";
	static const char meanings[] = "\a\b\f\n\r\t\v\\";
	char letter = c->next < c->end ? *c->next++ : 0;
	*is_byte = letter == 'x' || (letter >= '0' && letter <= '7');
	if (letter == 'x')
		return read_digits(c, 2, 16, value);
	if (letter == 'u' || letter == 'U')
		return read_code_point(c, letter == 'u' ? 4 : 8, value);
	if (*is_byte) {
		c->next--;
		return read_digits(c, 3, 8, value) && *value <= UINT8_MAX;
	}
	const char *found = letter ? strchr(letters, letter) : NULL;
	*value = (uint32_t)(found ? meanings[found - letters] : quote);
	return found || letter == quote;
}

static struct cursor inside_quotes(struct bytes literal)
{
	const char *text = literal.data;
	return (struct cursor){ text + 1, text + literal.size - 1 };
}

static bool unquote_raw(struct bytes literal, struct buf *out)
{
	struct cursor c = inside_quotes(literal);
	for (; c.next < c.end; c.next++) {
		if (*c.next != '\r')
			buf_put_u8(out, (uint8_t)*c.next);
	}
	return true;
}

bool literal_unquote(struct bytes literal, struct buf *out)
{
	if (*(const char *)literal.data == '`')
		return unquote_raw(literal, out);
	struct cursor c = inside_quotes(literal);
	while (c.next < c.end) {
		uint32_t value = (uint8_t)*c.next++;
		bool is_byte = true;
		if (value == '\\' && !read_escape(&c, '"', &value, &is_byte))
			return false;
		if (is_byte)
			buf_put_u8(out, (uint8_t)value);
		else
			utf8_put(out, value);
	}
	return true;
}

bool literal_character(struct bytes literal, int64_t *value)
{
	struct cursor c = inside_quotes(literal);
	uint32_t point = 0;
	bool is_byte;
	size_t length = utf8_read(c.next, (size_t)(c.end - c.next), &point);
	c.next += length;
	if (point == '\\' && !read_escape(&c, '\'', &point, &is_byte))
		return false;
	*value = point;
	return length && c.next == c.end;
}

/* Numbers. */

/* The base that a prefix announces, as in 0x1f and 017; steps over the prefix. */
static unsigned read_base(struct cursor *c)
{
	if (c->end - c->next < 2 || *c->next != '0')
		return 10;
	char letter = c->next[1];
	c->next++;
	if (!strchr("xXoObB", letter))
		return 8;
	c->next++;
	return letter == 'x' || letter == 'X' ? 16 : letter == 'o' || letter == 'O' ? 8 : 2;
}

/* Digits, with single underscores between them. False for anything else. *fits: below 2^64. */
static bool read_magnitude(struct cursor c, uint64_t *magnitude, bool *fits)
{
	const char *start = c.next;
	unsigned base = read_base(&c);
	bool after_digit = c.next > start; /* a prefix counts as a digit */
	bool any = base == 8 && c.next == start + 1;
	*magnitude = 0;
	*fits = true;
	for (; c.next < c.end; c.next++) {
		if (*c.next == '_' && after_digit) {
			after_digit = false;
			continue;
		}
		unsigned digit = (unsigned)digit_value(*c.next);
		if (digit >= base)
			return false;
		*fits &= !__builtin_mul_overflow(*magnitude, base, magnitude) &&
			 !__builtin_add_overflow(*magnitude, digit, magnitude);
		any = after_digit = true;
	}
	return any && after_digit;
}

static bool read_fraction(struct bytes literal, double *fraction, bool *has_point)
{
	AUTO(auto_free) char *text = xstrndup(literal.data, literal.size);
	char *end;
	*fraction = strtod(text, &end);
	*has_point = strpbrk(text, ".eE");
	return !*end && end > text && !strpbrk(text, "xX") && isfinite(*fraction);
}

static bool fail_number(struct bytes literal, const char *problem, char message[128])
{
	int shown = literal.size < 64 ? (int)literal.size : 64;
	snprintf(message, 128, "%s: \"%.*s\"", problem, shown, (const char *)literal.data);
	return false;
}

bool literal_number(struct bytes literal, struct template_value *value, char message[128])
{
	const char *text = literal.data;
	bool negative = text[0] == '-';
	bool has_sign = negative || text[0] == '+';
	bool has_point;
	uint64_t magnitude;
	bool fits;
	*value = (struct template_value){ .kind = VALUE_INT };
	if (read_magnitude(
		    (struct cursor){ text + has_sign, text + literal.size }, &magnitude, &fits)) {
		value->integer = (int64_t)(negative ? 0 - magnitude : magnitude);
		return (fits && magnitude <= (uint64_t)INT64_MAX + negative) ||
		       fail_number(literal, "integer overflow", message);
	}
	value->kind = VALUE_FLOAT;
	if (!read_fraction(literal, &value->fraction, &has_point))
		return fail_number(literal, "illegal number syntax", message);
	/* Go says so of 09, which is no octal number */
	return has_point || fail_number(literal, "integer overflow", message);
}

/* Quoting. */

bool literal_is_printable(uint32_t point)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} hidden[] = { { 0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x1680, 0x1680 },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x3000, 0x3000 },
		{ 0xe000, 0xf8ff }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe00ff }, { 0xf0000, 0x10ffff } };
	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		if (point >= hidden[i].first && point <= hidden[i].last)
			return false;
	}
	return true;
}

static void put_point(struct buf *out, uint32_t point)
{
	static const char escaped[] = "\a\b\f\n\r\t\v\\\"";
	static const char letters[] = "abfnrtv\\\"";
	const char *found = point && point < 0x80 ? strchr(escaped, (int)point) : NULL;
	if (found)
		buf_printf(out, "\\%c", letters[found - escaped]);
	else if (literal_is_printable(point))
		utf8_put(out, point);
	else if (point < 0x20 || point == 0x7f)
		buf_printf(out, "\\x%02x", point);
	else
		buf_printf(out, point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
}

void literal_quote(struct bytes text, struct buf *out)
{
	const char *data = text.data;
	buf_put_u8(out, '"');
	for (size_t i = 0; i < text.size;) {
		uint32_t point;
		size_t length = utf8_read(data + i, text.size - i, &point);
		if (length)
			put_point(out, point);
		else
			buf_printf(out, "\\x%02x", (uint8_t)data[i]);
		i += length ? length : 1;
	}
	buf_put_u8(out, '"');
}
