/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key pair and its certificate on a PKCS#11 token, for TLS; or a key alone. By libp11, which is
 * what Debian's engine for OpenSSL (libengine-pkcs11-openssl) is made of: used directly it needs no
 * openssl.cnf, finds objects by the raw bytes of CKA_ID and CKA_LABEL, which the engine's URIs
 * cannot have, and stays clear of OpenSSL's engines, which are going away.
 */
#ifndef CLIENT_PKCS11_H
#define CLIENT_PKCS11_H

#include "base/error.h"
#include "crypto/openssl.h"
#include "marblerun/marblerun.h"

struct pkcs11;

/*
 * Loads the module, logs in, and finds both (spec cli.md clause 2). ERROR_INVALID for a
 * configuration that is none, ERROR_NOT_FOUND for a token, a key or a certificate that is not
 * there.
 */
struct pkcs11 *pkcs11_open(const struct marblerun_pkcs11 *place, struct error *err);
/* The same without a certificate, and what `place` says of one. */
struct pkcs11 *pkcs11_open_key(const struct marblerun_pkcs11 *place, struct error *err);
/* Accepts NULL. Key and certificate are of no use any more. */
void pkcs11_free(struct pkcs11 *token);

/* Both belong to the token; the certificate only where it was opened with one. */
X509 *pkcs11_certificate(const struct pkcs11 *token);
EVP_PKEY *pkcs11_key(const struct pkcs11 *token);

#endif
