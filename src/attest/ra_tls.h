/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS certificates that carry quotes over their key (spec graphene-attestation.md clause 11), as
 * Gramine's ra-tls makes and reads them: whoever connects knows which enclave it talks to before it
 * sends anything.
 */
#ifndef ATTEST_RA_TLS_H
#define ATTEST_RA_TLS_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cert.h"
#include "sgx/report.h"

/*
 * The extension of all releases, 06 09 2A 86 48 86 F8 4D 8A 39 06: the bare quote, over SHA-256 of
 * the key's SubjectPublicKeyInfo, and zeros.
 */
#define RA_TLS_QUOTE_OID "1.2.840.113741.1337.6"
/* The standard one, which newer releases have as well and look at first: see evidence.h. */
#define RA_TLS_EVIDENCE_OID "2.23.133.5.4.9"

/*
 * A certificate like `like`, signed by its own key, with both extensions and a quote in each, which
 * come from the enclave's folder (see issuer.h). NULL on error; the caller frees.
 */
X509 *ra_tls_issue(X509 *like, EVP_PKEY *key, const char *attestation_folder, struct error *err);

struct ra_tls_proof {
	struct bytes quote;                        /* valid as long as what has it */
	uint8_t report_data[SGX_REPORT_DATA_SIZE]; /* what it has to be over, or proves nothing */
};

/*
 * The quote in a certificate: the standard extension counts if it is there, and then no other.
 * ERROR_NOT_FOUND if there is none; ERROR_INVALID and ERROR_DENIED for one that is no good.
 */
bool ra_tls_find(const X509 *certificate, struct ra_tls_proof *proof, struct error *err);

#endif
