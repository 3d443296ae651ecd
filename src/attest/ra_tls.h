/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS certificates that carry a quote over their key (spec graphene-attestation.md clause 11), as
 * Gramine's ra-tls makes and reads them: whoever connects knows which enclave it talks to before it
 * sends anything.
 */
#ifndef ATTEST_RA_TLS_H
#define ATTEST_RA_TLS_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cert.h"
#include "sgx/report.h"

/* The extension that holds the bare quote, 06 09 2A 86 48 86 F8 4D 8A 39 06. */
#define RA_TLS_QUOTE_OID "1.2.840.113741.1337.6"

/* What the quote is over: SHA-256 of the key's SubjectPublicKeyInfo, and zeros. */
bool ra_tls_bind_key(EVP_PKEY *key, uint8_t report_data[SGX_REPORT_DATA_SIZE], struct error *err);

/*
 * A certificate like `like`, signed by its own key, with the quote in it. NULL on error; the caller
 * frees.
 */
X509 *ra_tls_issue(X509 *like, EVP_PKEY *key, struct bytes quote, struct error *err);

/* The quote in a certificate, valid as long as that; ERROR_NOT_FOUND if there is none. */
bool ra_tls_find_quote(const X509 *certificate, struct bytes *quote, struct error *err);

#endif
