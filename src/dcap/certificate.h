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
#include "crypto/key.h"
#include "dcap/validity.h"

enum certificate_role {
	CERTIFICATE_ROOT,
	CERTIFICATE_PROCESSOR_CA,
	CERTIFICATE_PLATFORM_CA,
	CERTIFICATE_TCB_SIGNING,
	CERTIFICATE_PCK,
};

/* Immutable once it is read, so any number of threads may use it. */
struct certificate {
	X509 *x509;
	EVP_PKEY *key;
	uint8_t point[P256_RAW_SIZE]; /* of the key */
	enum certificate_role role;
	struct validity validity;
};

/* "Intel SGX Root CA", … */
const char *certificate_role_name(enum certificate_role role);

/* ERROR_INVALID says what the form lacks. */
bool certificate_read(struct bytes der, struct certificate *out, struct error *err);
void certificate_free(struct certificate *certificate);

/* Compares names byte by byte: OpenSSL's own comparison folds case and white space. */
bool certificate_has_subject(const struct certificate *certificate, const X509_NAME *name);

/* Names `issuer` as its issuer and carries a signature by its key. ERROR_DENIED. */
bool certificate_check_issuer(
	const struct certificate *certificate, const struct certificate *issuer, struct error *err);
/* ERROR_DENIED naming the certificate and the date. */
bool certificate_check_date(const struct certificate *certificate, int64_t now, struct error *err);

/* Appends the value of the one extension with this OID. ERROR_INVALID if there is not just one. */
bool certificate_put_extension(
	const struct certificate *certificate, const char *oid, struct buf *out, struct error *err);

#endif
