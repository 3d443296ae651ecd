/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates in the form that Go's crypto/x509 gives them, which is what peers of this
 * project expect (spec pki-and-state.md clause 1.2, marble-api.md clause 7): CAs carry the SHA-1 of
 * their key as identifier, leaves point to it, serials are random 128-bit numbers.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/key.h"
#include "crypto/openssl.h"

#include <openssl/x509v3.h>

/* now + (2^63 - 1) nanoseconds: what Go's longest duration makes of "forever", 292 years. */
#define CERT_FOREVER INT64_C(9223372036)

DEFINE_AUTO_FREE(auto_general_names, GENERAL_NAMES *, GENERAL_NAMES_free)
DEFINE_AUTO_FREE(auto_x509_name, X509_NAME *, X509_NAME_free)
DEFINE_AUTO_FREE(auto_usages, EXTENDED_KEY_USAGE *, EXTENDED_KEY_USAGE_free)

struct cert_fields {
	EVP_PKEY *key; /* whose certificate this is; the public half is used */
	const X509_NAME *subject;
	X509 *issuer;         /* NULL: self-signed */
	EVP_PKEY *issuer_key; /* private */
	int64_t not_before;
	int64_t not_after;
	unsigned key_usage;                        /* bits KU_… of OpenSSL; 0 for none */
	const EXTENDED_KEY_USAGE *extended_usages; /* NULL for none */
	bool is_ca;
	const unsigned *path_length;    /* NULL for none */
	const GENERAL_NAMES *alt_names; /* NULL for none */
	/* Further ones, or in place of those that the fields above give; NULL for none. */
	const STACK_OF(X509_EXTENSION) * extensions;
};

/* serverAuth and clientAuth, which most certificates here have. The caller frees. */
EXTENDED_KEY_USAGE *cert_tls_usages(void);

/* NULL on error. The caller frees with X509_free or auto_x509. */
X509 *cert_issue(const struct cert_fields *fields, struct error *err);

/* A name of one common name (UTF8String), or of nothing at all when common_name is NULL. */
X509_NAME *cert_name(const char *common_name);

/* Appends `size` bytes as a name of type GEN_DNS, GEN_EMAIL, GEN_URI or GEN_IPADD. */
void cert_add_general_name(GENERAL_NAMES *names, int type, const void *data, size_t size);
/* Appends a textual IP address as IP, everything else as DNS name. */
bool cert_add_alt_name(GENERAL_NAMES *names, const char *text, struct error *err);
/* Appends the entries of a comma-separated list; no trimming (client-api.md clause 8). */
bool cert_add_alt_names(GENERAL_NAMES *names, const char *list, struct error *err);

/* An extension whose value is `size` bytes as they are. NULL on error. */
X509_EXTENSION *cert_extension(const char *oid, bool critical, const void *value, size_t size);

/* Reads exactly one certificate that fills `der`. NULL with ERROR_INVALID otherwise. */
X509 *cert_read(struct bytes der, struct error *err);
/* Reads the first CERTIFICATE block. NULL with ERROR_INVALID if there is none. */
X509 *cert_read_pem(struct bytes text, struct error *err);

/* Append to out. */
void cert_put_der(X509 *cert, struct buf *out);
void cert_put_pem(X509 *cert, struct buf *out);

#endif
