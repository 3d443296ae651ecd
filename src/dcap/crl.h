/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate revocation lists (spec dcap.md clause 3.4 on encodings, clause 4 C on checks). */
#ifndef DCAP_CRL_H
#define DCAP_CRL_H

#include "dcap/certificate.h"

#define CRL_MAX 1048576 /* bytes of a file */

/* Immutable once it is read, so any number of threads may use it. */
struct crl {
	struct buf der; /* what the other members point into */
	struct x509_signed object;
	struct bytes issuer; /* DER of the name */
	struct bytes authority_key_id;
	struct validity validity;
	struct bytes *serials; /* sorted */
	size_t serial_count;
};

/*
 * Reads PEM, DER or hex of DER, told apart by inspection; text may end with one NUL. Only complete
 * lists of version 2 signed by ecdsa-with-SHA256: delta and indirect CRLs are ERROR_INVALID.
 */
bool crl_read(struct bytes data, struct crl *out, struct error *err);
void crl_free(struct crl *crl);

/* Names `issuer` and its key as its issuer's, and carries a signature by that. ERROR_DENIED. */
bool crl_check_issuer(const struct crl *crl, const struct certificate *issuer, struct error *err);

/* ERROR_DENIED "… is revoked" if the serial number is on the list. */
bool crl_check_not_listed(
	const struct crl *crl, const struct certificate *certificate, struct error *err);

#endif
