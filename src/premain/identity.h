/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that a Marble makes for one activation, with its self-signed certificate, which the quote
 * binds, and the certificate request (spec premain.md clause 2).
 */
#ifndef PREMAIN_IDENTITY_H
#define PREMAIN_IDENTITY_H

#include "base/buf.h"
#include "crypto/cert.h"

/* The zero value is none. */
struct identity {
	EVP_PKEY *key; /* P-256 */
	X509 *cert;
	GENERAL_NAMES *alt_names;
};

/* `dns_names` is a list separated by commas; the loopback addresses are added. */
bool identity_create(const char *dns_names, struct identity *identity, struct error *err);
void identity_free(struct identity *identity);

/* Appends the request (PKCS#10, DER): same key, empty subject, same names. */
bool identity_put_request(const struct identity *identity, struct buf *out, struct error *err);

/* A TLS client that presents the certificate and takes whatever the server presents. */
SSL_CTX *identity_client_tls(const struct identity *identity, struct error *err);

#endif
