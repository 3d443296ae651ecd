/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of the servers (spec marble-api.md clause 1.1, client-api.md clause 1): versions 1.2 and 1.3.
 * Client certificates are not verified beyond the proof that the peer holds the key; what one is
 * worth is for the caller to judge.
 */
#ifndef CRYPTO_TLS_SERVER_H
#define CRYPTO_TLS_SERVER_H

#include "crypto/openssl.h"

struct tls_server_config {
	const char *protocol; /* for ALPN, its length first: "\x02h2"; clients without ALPN pass */
	bool requires_certificate; /* of the client; otherwise it is asked for one */
	bool resumes_sessions;     /* off: each connection has a proof of its own */
	/*
	 * Who the server is, asked anew in each handshake, in the thread that runs the connection.
	 * Sets references that the handshake gives back. False: there is no certificate at the
	 * moment, and the handshake fails.
	 */
	bool (*get_identity)(void *context, X509 **certificate, EVP_PKEY **key);
	void *context;
};

/* `config` must outlive the result, which the caller frees. NULL on error. */
SSL_CTX *tls_server_new(const struct tls_server_config *config, struct error *err);

#endif
