/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include "base/memory.h"

#include <string.h>

struct reader reader_of(const void *data, size_t size)
{
	return (struct reader){ .next = data, .left = size };
}

void reader_fail(struct reader *r)
{
	r->bad = true;
	r->left = 0;
}

const uint8_t *reader_bytes(struct reader *r, size_t size)
{
	if (r->bad || size > r->left) {
		reader_fail(r);
		return NULL;
	}
	const uint8_t *bytes = r->next;
	if (size) {
		r->next += size;
		r->left -= size;
	}
	return bytes;
}

void reader_copy(struct reader *r, void *out, size_t size)
{
	const uint8_t *bytes = reader_bytes(r, size);
	if (r->bad)
		memset(out, 0, size);
	else if (size)
		memcpy(out, bytes, size);
}

static uint64_t read_integer(struct reader *r, size_t size)
{
	const uint8_t *bytes = reader_bytes(r, size);
	uint64_t value = 0;
	for (size_t i = 0; bytes && i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)read_integer(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)read_integer(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)read_integer(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
	return read_integer(r, 8);
}

struct reader reader_sub(struct reader *r, size_t size)
{
	const uint8_t *bytes = reader_bytes(r, size);
	if (r->bad)
		return (struct reader){ .bad = true };
	return reader_of(bytes, size);
}

bool reader_zeros(struct reader *r, size_t size)
{
	const uint8_t *bytes = reader_bytes(r, size);
	return !r->bad && memory_is_zero(bytes, size);
}

bool reader_finished(const struct reader *r)
{
	return !r->bad && r->left == 0;
}
