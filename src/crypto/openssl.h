/* SPDX-License-Identifier: Apache-2.0 */
/* What every use of OpenSSL here shares: set-up, cleanup by scope, errors. */
#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

#include "base/cleanup.h"
#include "base/error.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/*
 * Call once before anything else of OpenSSL. Keeps it from reading openssl.cnf, which inside an
 * enclave is the host's, and from installing exit handlers, which inside a preloaded library would
 * run in the application.
 */
void crypto_setup(void);

/* Sets err to "<what>: <reason>" with OpenSSL's reason and clears its queue. Returns false. */
bool crypto_error(struct error *err, enum error_kind kind, const char *what);

DEFINE_AUTO_FREE(auto_pkey, EVP_PKEY *, EVP_PKEY_free)
DEFINE_AUTO_FREE(auto_pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_AUTO_FREE(auto_md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)
DEFINE_AUTO_FREE(auto_cipher_ctx, EVP_CIPHER_CTX *, EVP_CIPHER_CTX_free)
DEFINE_AUTO_FREE(auto_x509, X509 *, X509_free)
DEFINE_AUTO_FREE(auto_x509_req, X509_REQ *, X509_REQ_free)
DEFINE_AUTO_FREE(auto_x509_crl, X509_CRL *, X509_CRL_free)
DEFINE_AUTO_FREE(auto_ssl_ctx, SSL_CTX *, SSL_CTX_free)
DEFINE_AUTO_FREE(auto_ssl, SSL *, SSL_free)
DEFINE_AUTO_FREE(auto_bn, BIGNUM *, BN_clear_free)
DEFINE_AUTO_FREE(auto_bn_ctx, BN_CTX *, BN_CTX_free)

#endif
