/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

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

static int character_value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

/* Decodes one group of four characters, of which the last `padding` are '='. */
static bool decode_group(uint8_t out[3], const char group[4], const char *alphabet, size_t padding)
{
	uint32_t value = 0;
	for (size_t i = 0; i < 4; i++) {
		int digit = i < 4 - padding ? character_value(group[i], alphabet) : 0;
		if (digit < 0)
			return false;
		value = value << 6 | (uint32_t)digit;
	}
	for (size_t i = 0; i < 3; i++)
		out[i] = (uint8_t)(value >> (16 - 8 * i));
	return true;
}

/* Writes what `length` characters give at most, 3 bytes for 4 of them; sets *size to what it was.
 */
static bool decode(
	uint8_t *out, size_t *size, const char *text, size_t length, const char *alphabet)
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
		group[filled++] = text[i];
		if (filled < 4)
			continue;
		size_t padding = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
		if (!decode_group(out + *size, group, alphabet, padding))
			return false;
		*size += 3 - padding;
		ended = padding > 0;
		filled = 0;
	}
	return filled == 0;
}

static bool decode_or_undo(struct buf *out, const char *text, size_t length, const char *alphabet)
{
	size_t before = out->size;
	size_t size;
	uint8_t *start = buf_extend(out, length / 4 * 3);
	bool good = decode(start, &size, text, length, alphabet);
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
	return decode_or_undo(out, text, length, standard_alphabet);
}

void base64_url_encode(struct buf *out, const void *data, size_t size)
{
	encode(out, data, size, url_alphabet);
}

bool base64_url_decode(struct buf *out, const char *text, size_t length)
{
	return decode_or_undo(out, text, length, url_alphabet);
}
