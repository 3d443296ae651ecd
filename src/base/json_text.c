/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_text.h"

#include <stdbool.h>
#include <string.h>

/* Smallest code point that needs a sequence of this length; a smaller one is overlong. */
static const uint32_t smallest_of_length[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t announced_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

size_t utf8_read(const char *text, size_t length, uint32_t *point)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t size = length ? announced_length(bytes[0]) : 0;
	if (!size || size > length)
		return 0;
	*point = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (bytes[i] & 0x3f);
	}
	bool surrogate = *point >= 0xd800 && *point < 0xe000;
	return *point < smallest_of_length[size] || *point > 0x10ffff || surrogate ? 0 : size;
}

size_t utf8_sequence_length(const char *text, size_t length)
{
	uint32_t point;
	return utf8_read(text, length, &point);
}

void utf8_put(struct buf *out, uint32_t point)
{
	int following = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const uint8_t first_of_length[] = { 0, 0xc0, 0xe0, 0xf0 };
	buf_put_u8(out, (uint8_t)(first_of_length[following] | point >> (6 * following)));
	while (following-- > 0)
		buf_put_u8(out, (uint8_t)(0x80 | (point >> (6 * following) & 0x3f)));
}

static void put_ascii(struct buf *out, char c)
{
	static const char escaped[] = "\"\\\n\r\t\b\f";
	static const char letters[] = "\"\\nrtbf";
	const char *found = c ? strchr(escaped, c) : NULL;
	if (found) {
		buf_put_u8(out, '\\');
		buf_put_u8(out, (uint8_t)letters[found - escaped]);
	} else if ((uint8_t)c < 0x20 || strchr("<>&", c)) {
		buf_printf(out, "\\u%04x", (unsigned)(uint8_t)c);
	} else {
		buf_put_u8(out, (uint8_t)c);
	}
}

void json_text_put(struct buf *out, const char *text, size_t length)
{
	buf_put_u8(out, '"');
	for (size_t i = 0; i < length;) {
		size_t size = utf8_sequence_length(text + i, length - i);
		if (size == 1)
			put_ascii(out, text[i]);
		else if (size == 0)
			buf_put_text(out, "\\ufffd");
		else if (size == 3 && !memcmp(text + i, "\xe2\x80\xa8", 3))
			buf_put_text(out, "\\u2028");
		else if (size == 3 && !memcmp(text + i, "\xe2\x80\xa9", 3))
			buf_put_text(out, "\\u2029");
		else
			buf_put(out, text + i, size);
		i += size ? size : 1;
	}
	buf_put_u8(out, '"');
}
