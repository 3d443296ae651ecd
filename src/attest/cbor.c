/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/cbor.h"

#include "base/json_text.h"

#define TYPE_SHIFT 5
#define INFO_MASK  0x1f
/* In place of a small value: 1, 2, 4 or 8 bytes of it follow. */
#define INFO_FOLLOWS 24
#define FORMS        4

/* The greatest values that need no such form: what is not greater has a shorter one. */
static const uint64_t shorter_max[FORMS] = { INFO_FOLLOWS - 1, UINT8_MAX, UINT16_MAX, UINT32_MAX };

static uint64_t read_value(struct reader *r, unsigned info)
{
	if (info < INFO_FOLLOWS)
		return info;
	unsigned form = info - INFO_FOLLOWS;
	if (form >= FORMS) {
		reader_fail(r);
		return 0;
	}
	uint64_t value = 0;
	for (unsigned i = 0; i < 1U << form; i++)
		value = value << 8 | reader_u8(r);
	if (value <= shorter_max[form])
		reader_fail(r);
	return value;
}

uint64_t cbor_read(struct reader *r, enum cbor_type type)
{
	uint8_t first = reader_u8(r);
	if (first >> TYPE_SHIFT != (uint8_t)type)
		reader_fail(r);
	uint64_t value = read_value(r, first & INFO_MASK);
	return r->bad ? 0 : value;
}

static bool is_utf8(struct bytes text)
{
	const char *next = text.data;
	for (size_t left = text.size, size; left; left -= size, next += size) {
		size = utf8_sequence_length(next, left);
		if (!size)
			return false;
	}
	return true;
}

struct bytes cbor_read_string(struct reader *r, enum cbor_type type)
{
	size_t size = cbor_read(r, type);
	struct bytes content = { reader_bytes(r, size), size };
	if (!r->bad && type == CBOR_TEXT && !is_utf8(content))
		reader_fail(r);
	return r->bad ? (struct bytes){ NULL, 0 } : content;
}

void cbor_put(struct buf *out, enum cbor_type type, uint64_t value)
{
	unsigned form = 0; /* 0: the first byte is enough */
	while (form < FORMS && value > shorter_max[form])
		form++;
	unsigned info = form ? INFO_FOLLOWS + form - 1 : (unsigned)value;
	buf_put_u8(out, (uint8_t)((unsigned)type << TYPE_SHIFT | info));
	for (unsigned left = form ? 1U << (form - 1) : 0; left; left--)
		buf_put_u8(out, (uint8_t)(value >> 8 * (left - 1)));
}

void cbor_put_string(struct buf *out, enum cbor_type type, struct bytes content)
{
	cbor_put(out, type, content.size);
	buf_put(out, content.data, content.size);
}
