/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote with the claims that it vouches for, as the standard extension of certificates has it
 * (spec graphene-attestation.md clause 11; TCG DICE "tagged evidence"). In CBOR:
 *
 *     60000([quote, claims])                           both byte strings
 *     claims:      {"pubkey-hash": hash, …}            more claims mean nothing here
 *     hash:        [1, 7 or 8, digest]                 SHA-256, SHA-384 or SHA-512
 *
 * Claims and hash are byte strings that are CBOR themselves. The digest is that of the key's
 * SubjectPublicKeyInfo.
 */
#ifndef ATTEST_EVIDENCE_H
#define ATTEST_EVIDENCE_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/key.h"
#include "sgx/report.h"

struct evidence {
	struct bytes quote;
	struct bytes claims;
};

/* Appends the claims of a key, with its SHA-256. */
bool evidence_put_claims(EVP_PKEY *key, struct buf *claims, struct error *err);
/* What the quote is over: SHA-256 of the claims, and zeros. */
void evidence_bind_claims(struct bytes claims, uint8_t report_data[SGX_REPORT_DATA_SIZE]);
/* Appends both as one. */
void evidence_put(struct buf *out, const struct evidence *evidence);

/* Both parts in place, neither of them looked at. ERROR_INVALID if it is anything else. */
bool evidence_read(struct bytes value, struct evidence *evidence, struct error *err);
/*
 * Whether the claims are those of the key: ERROR_DENIED if they are of another, ERROR_INVALID if
 * they are not as above. Only the quote makes them worth anything.
 */
bool evidence_check_key(struct bytes claims, EVP_PKEY *key, struct error *err);

#endif
