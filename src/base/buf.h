/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing bytes. Everything a buf ever held is wiped when it grows or is freed, so secrets may live
 * in it like anything else. `data` always has one NUL behind `size` once anything was written, so
 * that text can be read as a C string. The zero value is an empty buf. Integers are little-endian.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

/* A view of bytes that somebody else owns. */
struct bytes {
	const void *data;
	size_t size;
};

/* The content, until the next change of b. */
struct bytes buf_bytes(const struct buf *b);
/* The characters of text, without its NUL. */
struct bytes bytes_of_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);

void buf_free(struct buf *b);
/* Empties and wipes; keeps the memory. */
void buf_clear(struct buf *b);
/* Moves the content out and leaves *b empty. */
struct buf buf_take(struct buf *b);

/* Appends size bytes of unspecified content; returns where they start (until the next append). */
uint8_t *buf_extend(struct buf *b, size_t size);
void buf_put(struct buf *b, const void *data, size_t size);
void buf_put_zeros(struct buf *b, size_t size);
void buf_put_u8(struct buf *b, uint8_t value);
void buf_put_u16(struct buf *b, uint16_t value);
void buf_put_u32(struct buf *b, uint32_t value);
void buf_put_u64(struct buf *b, uint64_t value);
void buf_put_text(struct buf *b, const char *text);
/*
 * As buf_put_text for text from outside that goes to a terminal or a log, where a control character
 * would be a command, or forge a line: all but line feeds become '?'.
 */
void buf_put_visible(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* The content as a C string; "" while nothing was written. */
const char *buf_text(const struct buf *b);

#endif
