/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and CRLs in the form that Intel gives them (spec dcap.md clauses 2 and 5). */
#ifndef PLATFORM_PKI_H
#define PLATFORM_PKI_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"

#define PKI_ROOT_NAME        "Intel SGX Root CA"
#define PKI_PLATFORM_CA_NAME "Intel SGX PCK Platform CA"
#define PKI_TCB_SIGNING_NAME "Intel SGX TCB Signing"
#define PKI_PCK_NAME         "Intel SGX PCK Certificate"

/* Nobody can own a name under .invalid: who follows a distribution point gets no foreign CRL. */
#define PKI_HOST         "https://simulated-sgx-machine.invalid"
#define PKI_ROOT_CRL_URL PKI_HOST "/IntelSGXRootCA.der"
#define PKI_PCK_CRL_URL  PKI_HOST "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"

#define PKI_NO_CA (-1)

struct pki_request {
	const char *name;
	EVP_PKEY *key;        /* the public half is certified */
	const char *issuer;   /* common name */
	EVP_PKEY *issuer_key; /* private */
	int64_t not_before;
	int64_t not_after;
	int path_length; /* PKI_NO_CA for an end entity */
	const char *crl_url;
	struct bytes sgx_extension; /* DER; only a PCK certificate has one, else empty */
};

/*
 * The serial number is the subject key identifier, except for PCK certificates, where it is random.
 * NULL on error; the caller frees.
 */
X509 *pki_issue(const struct pki_request *request, struct error *err);

/* Appends, in DER, a CRL which holds `revoked` or, if that is NULL, nothing. */
bool pki_put_crl(struct buf *out, const char *issuer, EVP_PKEY *issuer_key, int64_t this_update,
	int64_t next_update, X509 *revoked, struct error *err);

#endif
