/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB info and enclave identity travel as {"<name>":{...},"signature":"<128 hex>"}, where the
 * signature covers the bytes of the first value as they are (spec dcap.md clause 3.1). Nothing is
 * ever parsed and printed again: the signed range is found first, verified, and then parsed.
 */
#ifndef DCAP_SIGNED_DOCUMENT_H
#define DCAP_SIGNED_DOCUMENT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/p256.h"

#define SIGNED_DOCUMENT_MAX       262144
#define SIGNED_DOCUMENT_DEPTH_MAX 8 /* levels of {} and [], the outermost included */

struct signed_document {
	struct bytes body; /* in the parsed text: from { to the } that belongs to it */
	uint8_t signature[P256_RAW_SIZE];
};

/*
 * Finds body and signature. The object must have these two members and no others; behind it only
 * white space and one NUL. ERROR_INVALID otherwise.
 */
bool signed_document_find(
	struct bytes text, const char *name, struct signed_document *out, struct error *err);

/* Checks the signature by `key` over the body. ERROR_DENIED. */
bool signed_document_verify(
	const struct signed_document *document, const struct p256_key *key, struct error *err);

#endif
