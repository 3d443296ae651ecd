/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/go_json_string.h"

#include "base/hex.h"
#include "base/json_text.h"

#include <string.h>

#define REPLACEMENT_CHARACTER 0xfffd

/* The code unit of a \uXXXX at the start of text; 0 if there is none. */
static uint32_t read_unit(const char *text, size_t size)
{
	char digits[5] = { 0 };
	uint8_t bytes[2];
	if (size < 6 || text[0] != '\\' || text[1] != 'u')
		return 0;
	memcpy(digits, text + 2, 4);
	return hex_decode_exact(bytes, 2, digits) ? (uint32_t)bytes[0] << 8 | bytes[1] : 0;
}

/* Reads one or, for a surrogate pair, two \uXXXX. Returns their length. */
static size_t put_unicode_escape(const char *text, size_t size, struct buf *out)
{
	uint32_t unit = read_unit(text, size);
	if (unit < 0xd800 || unit >= 0xe000) {
		utf8_put(out, unit);
		return 6;
	}
	uint32_t low = size > 6 ? read_unit(text + 6, size - 6) : 0;
	if (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000) {
		utf8_put(out, REPLACEMENT_CHARACTER);
		return 6;
	}
	utf8_put(out, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
	return 12;
}

static size_t put_escape(const char *text, size_t size, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	if (size < 2)
		return size;
	if (text[1] == 'u')
		return put_unicode_escape(text, size, out);
	const char *found = strchr(letters, text[1]);
	buf_put_u8(out, (uint8_t)(found ? meanings[found - letters] : text[1]));
	return 2;
}

static size_t plain_length(const char *text, size_t size)
{
	size_t length = 0;
	while (length < size && text[length] != '\\' && (uint8_t)text[length] < 0x80)
		length++;
	return length;
}

/* Reads what stands there other than plain characters: an escape or a sequence of UTF-8. */
static size_t put_special(const char *text, size_t size, struct buf *out)
{
	if (text[0] == '\\')
		return put_escape(text, size, out);
	size_t length = utf8_sequence_length(text, size);
	if (length)
		buf_put(out, text, length);
	else
		utf8_put(out, REPLACEMENT_CHARACTER);
	return length ? length : 1;
}

void go_json_unescape(struct bytes string, struct buf *out)
{
	const char *text = string.data;
	for (size_t at = 0; at < string.size;) {
		size_t plain = plain_length(text + at, string.size - at);
		buf_put(out, text + at, plain);
		at += plain;
		if (at < string.size)
			at += put_special(text + at, string.size - at, out);
	}
}
