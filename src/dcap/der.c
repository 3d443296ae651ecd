/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/der.h"

#define LONG_FORM        0x80 /* of a length: the low bits count the bytes that follow */
#define LENGTH_BYTES_MAX 3
#define HIGH_TAG         0x1f /* all ones: the tag number follows in bytes of its own */
#define NEGATIVE_BIT     0x80
#define BOOLEAN_TRUE     0xff
#define BOOLEAN_FALSE    0x00

static size_t take_length(struct reader *r)
{
	size_t length = reader_u8(r);
	if (!(length & LONG_FORM))
		return length;
	size_t count = length & ~(size_t)LONG_FORM;
	length = 0;
	for (size_t i = 0; i < count && i < LENGTH_BYTES_MAX; i++)
		length = length << 8 | reader_u8(r);
	/* not the shortest form if the short one would do, or fewer bytes */
	if (count < 1 || count > LENGTH_BYTES_MAX || length < LONG_FORM ||
		length >> (8 * (count - 1)) == 0)
		reader_fail(r);
	return length;
}

static struct reader take_any(struct reader *r, uint8_t *tag)
{
	*tag = reader_u8(r);
	if ((*tag & HIGH_TAG) == HIGH_TAG)
		reader_fail(r);
	return reader_sub(r, take_length(r));
}

struct reader der_take(struct reader *r, uint8_t tag)
{
	uint8_t found;
	struct reader content = take_any(r, &found);
	if (found == tag)
		return content;
	reader_fail(r);
	return (struct reader){ .bad = true };
}

struct bytes der_take_whole(struct reader *r, uint8_t tag)
{
	const uint8_t *start = r->next;
	der_take(r, tag);
	if (r->bad)
		return (struct bytes){ "", 0 };
	return (struct bytes){ start, (size_t)(r->next - start) };
}

bool der_next_is(const struct reader *r, uint8_t tag)
{
	return r->left && *r->next == tag;
}

void der_skip(struct reader *r)
{
	uint8_t tag;
	take_any(r, &tag);
}

uint32_t der_take_uint(struct reader *r, uint8_t tag, uint32_t max)
{
	struct reader content = der_take(r, tag);
	const uint8_t *digits = content.next;
	size_t size = content.left;
	bool is_shortest = size == 1 || (size > 1 && (digits[0] != 0 || digits[1] & NEGATIVE_BIT));
	uint64_t value = 0;
	for (size_t i = 0; i < size && i <= sizeof(uint32_t); i++)
		value = value << 8 | digits[i];
	if (!is_shortest || size > 1 + sizeof(uint32_t) || digits[0] & NEGATIVE_BIT ||
		value > max) {
		reader_fail(r);
		return 0;
	}
	return (uint32_t)value;
}

void der_take_octets(struct reader *r, uint8_t *out, size_t size)
{
	struct reader content = der_take(r, DER_OCTET_STRING);
	reader_copy(&content, out, size);
	if (!reader_finished(&content))
		reader_fail(r);
}

bool der_take_boolean(struct reader *r)
{
	struct reader content = der_take(r, DER_BOOLEAN);
	uint8_t value = reader_u8(&content);
	if (!reader_finished(&content) || (value != BOOLEAN_TRUE && value != BOOLEAN_FALSE))
		reader_fail(r);
	return value == BOOLEAN_TRUE;
}
