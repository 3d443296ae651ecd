/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_CAPACITY 64

struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){ b->data, b->size };
}

struct bytes bytes_of_text(const char *text)
{
	return (struct bytes){ text, strlen(text) };
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size));
}

void buf_free(struct buf *b)
{
	if (b->data) {
		memory_wipe(b->data, b->capacity);
		free(b->data);
	}
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	if (b->data)
		memory_wipe(b->data, b->capacity);
	b->size = 0;
}

struct buf buf_take(struct buf *b)
{
	struct buf taken = *b;
	*b = (struct buf){ 0 };
	return taken;
}

static void grow(struct buf *b, size_t needed)
{
	size_t capacity = b->capacity ? b->capacity : SMALLEST_CAPACITY;
	while (capacity < needed) {
		if (capacity > SIZE_MAX / 2)
			abort();
		capacity *= 2;
	}
	uint8_t *data = xmalloc(capacity);
	if (b->data) {
		memcpy(data, b->data, b->size);
		memory_wipe(b->data, b->capacity);
		free(b->data);
	}
	b->data = data;
	b->capacity = capacity;
}

uint8_t *buf_extend(struct buf *b, size_t size)
{
	if (size >= SIZE_MAX - b->size)
		abort();
	size_t needed = b->size + size + 1;
	if (needed > b->capacity)
		grow(b, needed);
	uint8_t *start = b->data + b->size;
	b->size += size;
	b->data[b->size] = 0;
	return start;
}

void buf_put(struct buf *b, const void *data, size_t size)
{
	uint8_t *start = buf_extend(b, size);
	if (size)
		memcpy(start, data, size);
}

void buf_put_zeros(struct buf *b, size_t size)
{
	memset(buf_extend(b, size), 0, size);
}

static void put_integer(struct buf *b, uint64_t value, size_t size)
{
	uint8_t *start = buf_extend(b, size);
	for (size_t i = 0; i < size; i++)
		start[i] = (uint8_t)(value >> (8 * i));
}

void buf_put_u8(struct buf *b, uint8_t value)
{
	put_integer(b, value, 1);
}

void buf_put_u16(struct buf *b, uint16_t value)
{
	put_integer(b, value, 2);
}

void buf_put_u32(struct buf *b, uint32_t value)
{
	put_integer(b, value, 4);
}

void buf_put_u64(struct buf *b, uint64_t value)
{
	put_integer(b, value, 8);
}

void buf_put_text(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void buf_put_visible(struct buf *b, const char *text)
{
	for (const uint8_t *c = (const uint8_t *)text; *c; c++) {
		bool is_c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F */
		bool is_control = (*c < 0x20 && *c != '\n') || *c == 0x7f || is_c1;
		buf_put_u8(b, is_control ? '?' : *c);
		c += is_c1;
	}
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length < 0)
		abort();
	uint8_t *start = buf_extend(b, (size_t)length);
	vsnprintf((char *)start, (size_t)length + 1, format, again);
	va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

const char *buf_text(const struct buf *b)
{
	return b->data ? (const char *)b->data : "";
}
