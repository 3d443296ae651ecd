/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of CBOR as evidence needs: unsigned integers, byte and text strings, arrays, maps and
 * tags, each with its length in front and in the shortest form (RFC 8949 clause 4.2.1). All else,
 * and the same in any longer form, is refused, so that no two readers can understand it
 * differently. A map may have its keys in any order, as encoders of evidence do.
 */
#ifndef ATTEST_CBOR_H
#define ATTEST_CBOR_H

#include "base/buf.h"
#include "base/reader.h"

/* The major types, as RFC 8949 clause 3.1 numbers them. */
enum cbor_type {
	CBOR_UINT = 0,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
};

/*
 * What begins with `type`: the integer, the number of bytes, of items or of pairs that follow, or
 * the tag. 0, and the reader is bad, for anything else.
 */
uint64_t cbor_read(struct reader *r, enum cbor_type type);
/* CBOR_BYTES or CBOR_TEXT, which is UTF-8, in place; no bytes, and the reader is bad, otherwise. */
struct bytes cbor_read_string(struct reader *r, enum cbor_type type);

/* Append. The items of an array, the pairs of a map, and what a tag is for are to follow. */
void cbor_put(struct buf *out, enum cbor_type type, uint64_t value);
void cbor_put_string(struct buf *out, enum cbor_type type, struct bytes content);

#endif
