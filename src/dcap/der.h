/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict DER on top of struct reader: definite lengths in their shortest form, one-byte tags. What
 * is not so makes the reader bad, like a read past its end. An element's content is a reader of its
 * own: ask each for reader_finished.
 */
#ifndef DCAP_DER_H
#define DCAP_DER_H

#include "base/buf.h"
#include "base/reader.h"

#define DER_BOOLEAN          0x01
#define DER_INTEGER          0x02
#define DER_BIT_STRING       0x03
#define DER_OCTET_STRING     0x04
#define DER_OID              0x06
#define DER_ENUMERATED       0x0a
#define DER_UTF8_STRING      0x0c
#define DER_UTC_TIME         0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_SEQUENCE         0x30
#define DER_SET              0x31
#define DER_CONTEXT(number)  (0xa0 | (number)) /* constructed, [number] in ASN.1 */
#define DER_IMPLICIT(number) (0x80 | (number)) /* primitive, [number] IMPLICIT in ASN.1 */

/* The content of the next element, which must have this tag. 16 MiB and more are bad. */
struct reader der_take(struct reader *r, uint8_t tag);
/* The next element with tag and length, in place; empty when it is not there. */
struct bytes der_take_whole(struct reader *r, uint8_t tag);
/* True if an element with this tag comes next. */
bool der_next_is(const struct reader *r, uint8_t tag);
/* Steps over the next element, whatever it is. */
void der_skip(struct reader *r);

/* DER_INTEGER or DER_ENUMERATED from 0 to max, in its shortest form. */
uint32_t der_take_uint(struct reader *r, uint8_t tag, uint32_t max);
/* An OCTET STRING of exactly `size` bytes; zeros when it is not there. */
void der_take_octets(struct reader *r, uint8_t *out, size_t size);
bool der_take_boolean(struct reader *r);

#endif
