/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five kinds of certificates in Intel's hierarchy (spec dcap.md clauses 2.1 to 2.3). A kind is
 * told by the complete subject name. A certificate that was read has the form of its kind: key on
 * P-256, ecdsa-with-SHA256, all mandatory extensions, CA or not. Who signed it is asked separately.
 */
#ifndef DCAP_CERTIFICATE_H
#define DCAP_CERTIFICATE_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/p256.h"
#include "dcap/x509.h"

enum certificate_role {
	CERTIFICATE_ROOT,
	CERTIFICATE_PROCESSOR_CA,
	CERTIFICATE_PLATFORM_CA,
	CERTIFICATE_TCB_SIGNING,
	CERTIFICATE_PCK,
};

/* Immutable once it is read, so any number of threads may use it. */
struct certificate {
	struct buf der; /* what the other members point into */
	struct x509_signed object;
	enum certificate_role role;
	struct bytes serial;
	struct bytes issuer;  /* DER of the name */
	struct bytes subject; /* the same */
	struct validity validity;
	uint8_t point[P256_RAW_SIZE]; /* of the key */
	struct p256_key *key;         /* of a root NULL, see certificate_read_key */
	struct bytes subject_key_id;  /* never empty */
	struct bytes authority_key_id;
	struct bytes sgx_extension; /* value, empty if there is none */
};

/* "Intel SGX Root CA", … */
const char *certificate_role_name(enum certificate_role role);

/* The role that the issuer's name says. ERROR_INVALID if it is none. */
bool certificate_issuer_role(
	const struct certificate *certificate, enum certificate_role *role, struct error *err);

/* ERROR_INVALID says what the form lacks. */
bool certificate_read(struct bytes der, struct certificate *out, struct error *err);
void certificate_free(struct certificate *certificate);
/*
 * Makes the key of a root, once. Of the root in a chain it is not needed: that is compared with the
 * trusted one. ERROR_INVALID if the point is not on the curve.
 */
bool certificate_read_key(struct certificate *certificate, struct error *err);

/*
 * Names `issuer` and its key as its issuer's, byte by byte, and carries a signature by that key.
 * ERROR_DENIED.
 */
bool certificate_check_issuer(
	const struct certificate *certificate, const struct certificate *issuer, struct error *err);
/* As validity_check, naming the certificate. */
bool certificate_check_date(
	const struct certificate *certificate, int64_t now, const char *remedy, struct error *err);

#endif
