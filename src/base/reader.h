/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over bytes that cannot run past their end. A read that does not fit returns zeros (or
 * NULL) and makes the reader bad; it stays bad, so a parser reads like its table in the spec and
 * asks once at the end. Integers are little-endian unless the name says otherwise.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *next;
	size_t left;
	bool bad;
};

struct reader reader_of(const void *data, size_t size);

uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);

/* Copies the next size bytes to out; zeros when they are not there. */
void reader_copy(struct reader *r, void *out, size_t size);
/* The next size bytes in place, valid as long as the input; NULL when they are not there. */
const uint8_t *reader_bytes(struct reader *r, size_t size);
/* A reader over the next size bytes; bad (and empty) when they are not there. */
struct reader reader_sub(struct reader *r, size_t size);
/* Steps over size bytes. True if they were there and all zero. */
bool reader_zeros(struct reader *r, size_t size);

/* Makes the reader bad, for what its user finds wrong with the bytes. */
void reader_fail(struct reader *r);

/* True if nothing failed and nothing is left: the input had exactly the expected length. */
bool reader_finished(const struct reader *r);

#endif
