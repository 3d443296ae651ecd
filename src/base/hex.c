/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include <string.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void format_digits(char *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

void hex_encode(struct buf *out, const void *data, size_t size)
{
	format_digits((char *)buf_extend(out, 2 * size), data, size);
}

void hex_format(char *out, const void *data, size_t size)
{
	format_digits(out, data, size);
	out[2 * size] = 0;
}

static bool decode_digits(uint8_t *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit_value(text[2 * i]);
		int low = digit_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool hex_decode(struct buf *out, const char *text, size_t length)
{
	if (length % 2)
		return false;
	size_t before = out->size;
	if (decode_digits(buf_extend(out, length / 2), text, length / 2))
		return true;
	out->size = before;
	return false;
}

bool hex_decode_exact(void *out, size_t size, const char *text)
{
	return strlen(text) == 2 * size && decode_digits(out, text, size);
}
