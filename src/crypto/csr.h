/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate requests (PKCS#10): what their senders wish to be certified. */
#ifndef CRYPTO_CSR_H
#define CRYPTO_CSR_H

#include "base/buf.h"
#include "crypto/openssl.h"

#include <openssl/x509v3.h>

struct csr;

/*
 * Reads the one request that fills `der` and checks its signature. `holder` is a certificate that
 * is likely to have the same key, which then need not be decoded once more; or NULL. NULL with
 * ERROR_INTERNAL "parsing CSR: …" or "signature over CSR is invalid" on error.
 */
struct csr *csr_read(struct bytes der, X509 *holder, struct error *err);
void csr_free(struct csr *csr);

/* Lives as long as the request. */
const X509_NAME *csr_subject(const struct csr *csr);
/* The DNS names, IP addresses and others that it asks for, or NULL. The caller frees. */
GENERAL_NAMES *csr_alt_names(const struct csr *csr);

DEFINE_AUTO_FREE(auto_csr, struct csr *, csr_free)

#endif
