/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <string.h>

static const char standard_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(struct buf *out, const uint8_t *in, size_t size, const char *alphabet)
{
	char *next = (char *)buf_extend(out, (size + 2) / 3 * 4);
	for (size_t i = 0; i < size; i += 3) {
		uint32_t group = (uint32_t)in[i] << 16;
		group |= i + 1 < size ? (uint32_t)in[i + 1] << 8 : 0;
		group |= i + 2 < size ? in[i + 2] : 0;
		*next++ = alphabet[group >> 18];
		*next++ = alphabet[group >> 12 & 63];
		*next++ = i + 1 < size ? alphabet[group >> 6 & 63] : '=';
		*next++ = i + 2 < size ? alphabet[group & 63] : '=';
	}
}

/*
 * What a character stands for in either alphabet, from '+' on, and NONE for those in none of them:
 * a look-up takes a fraction of what comparing does. The alphabets differ in their last two digits,
 * so whoever decodes refuses those of the other.
 */
#define FIRST '+'
#define NONE  64

static const uint8_t values[] = { 62, NONE, 62, NONE, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NONE, NONE, NONE, NONE, 63, NONE, 26, 27, 28,
	29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
	51 };

static uint32_t value_of(char c)
{
	size_t index = (size_t)(uint8_t)c - FIRST;
	return index < sizeof(values) ? values[index] : NONE;
}

/* Decodes one group of four characters, of which the last `padding` are '='. */
static bool decode_group(uint8_t out[3], const char group[4], size_t padding)
{
	uint32_t digits[4] = { 0 };
	for (size_t i = 0; i < 4 - padding; i++)
		digits[i] = value_of(group[i]);
	uint32_t value = digits[0] << 18 | digits[1] << 12 | digits[2] << 6 | digits[3];
	out[0] = (uint8_t)(value >> 16);
	out[1] = (uint8_t)(value >> 8);
	out[2] = (uint8_t)value;
	return !((digits[0] | digits[1] | digits[2] | digits[3]) & NONE);
}

/* Decodes whole groups, of which most of a text is made, up to the first that is none. */
static size_t decode_row(uint8_t *out, const char *text, size_t length)
{
	size_t count = 0;
	while (length - 4 * count >= 4 && decode_group(out + 3 * count, text + 4 * count, 0))
		count++;
	return count;
}

/* Writes what `length` characters give at most, 3 bytes for 4 of them; sets *size to what it was.
 */
static bool decode(uint8_t *out, size_t *size, const char *text, size_t length)
{
	char group[4];
	size_t filled = 0;
	bool ended = false;
	*size = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			continue;
		if (ended)
			return false;
		size_t groups = filled ? 0 : decode_row(out + *size, text + i, length - i);
		if (groups) {
			*size += 3 * groups;
			i += 4 * groups - 1;
			continue;
		}
		group[filled++] = text[i];
		if (filled < 4)
			continue;
		size_t padding = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
		if (!decode_group(out + *size, group, padding))
			return false;
		*size += 3 - padding;
		ended = padding > 0;
		filled = 0;
	}
	return filled == 0;
}

/* `foreign` are the two digits that the other alphabet has instead. */
static bool decode_or_undo(struct buf *out, const char *text, size_t length, const char *foreign)
{
	if (length && (memchr(text, foreign[0], length) || memchr(text, foreign[1], length)))
		return false;
	size_t before = out->size;
	size_t size;
	uint8_t *start = buf_extend(out, length / 4 * 3);
	bool good = decode(start, &size, text, length);
	out->size = good ? before + size : before;
	out->data[out->size] = 0;
	return good;
}

void base64_encode(struct buf *out, const void *data, size_t size)
{
	encode(out, data, size, standard_alphabet);
}

bool base64_decode(struct buf *out, const char *text, size_t length)
{
	return decode_or_undo(out, text, length, "-_");
}

void base64_url_encode(struct buf *out, const void *data, size_t size)
{
	encode(out, data, size, url_alphabet);
}

bool base64_url_decode(struct buf *out, const char *text, size_t length)
{
	return decode_or_undo(out, text, length, "+/");
}
