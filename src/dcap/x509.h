/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certificates and CRLs of X.509 are both made of (RFC 5280), as strict DER. Reading copies
 * nothing: results point into the input. Everything in Intel's hierarchy is signed by
 * ecdsa-with-SHA256 (spec dcap.md clause 2.1), so nothing else is understood.
 */
#ifndef DCAP_X509_H
#define DCAP_X509_H

#include "base/buf.h"
#include "base/reader.h"
#include "crypto/p256.h"
#include "dcap/validity.h"

/* The outer form of both: what is signed, and the signature. */
struct x509_signed {
	struct bytes content; /* the signed bytes, one DER sequence */
	struct bytes signature;
};

/* `der` must be this and nothing else. */
bool x509_open(struct bytes der, struct x509_signed *out);
bool x509_verify(const struct x509_signed *object, const struct p256_key *key);

/* The rest read one element each; the reader goes bad when it is not there or not as it must be. */

/* The algorithm, which stands inside of the signed content once more. */
void x509_take_algorithm(struct reader *r);
/* A serial number without leading zeros, so that numbers are equal when their bytes are. */
struct bytes x509_take_serial(struct reader *r);
/* Seconds since 1970. */
int64_t x509_take_time(struct reader *r);

struct x509_extension {
	struct bytes oid; /* content */
	struct bytes value;
	bool is_critical;
};

void x509_take_extension(struct reader *r, struct x509_extension *out);
/* Whether it is the standard extension 2.5.29.<number>. */
bool x509_extension_is(const struct x509_extension *extension, uint8_t number);

/*
 * The key identifiers in the values of these two extensions; they say which of several keys of one
 * name is meant. Empty if there is none, or if the value is malformed.
 */
struct bytes x509_subject_key_id(struct bytes value);
struct bytes x509_authority_key_id(struct bytes value);

#define OID_SUBJECT_KEY_ID             14
#define OID_KEY_USAGE                  15
#define OID_BASIC_CONSTRAINTS          19
#define OID_CRL_NUMBER                 20
#define OID_DELTA_CRL                  27
#define OID_ISSUING_DISTRIBUTION_POINT 28
#define OID_CRL_DISTRIBUTION_POINTS    31
#define OID_AUTHORITY_KEY_ID           35

#endif
