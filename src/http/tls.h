/* SPDX-License-Identifier: Apache-2.0 */
/* TLS contexts of the servers (spec marble-api.md clause 1.1, client-api.md clause 1). */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/error.h"
#include "crypto/openssl.h"

enum tls_client_certificate {
	TLS_CLIENT_CERTIFICATE_REQUESTED, /* any or none */
	TLS_CLIENT_CERTIFICATE_REQUIRED,  /* any */
};

struct tls_server_config {
	const char
		*alpn; /* the one protocol that is offered; clients without ALPN are served too */
	enum tls_client_certificate client_certificate;
	bool resume_sessions;
	/* The certificate of this handshake. A reference to each goes to the caller. */
	bool (*get_certificate)(void *context, X509 **certificate, EVP_PKEY **key);
	void *context;
};

/*
 * TLS 1.2 and 1.3. Client certificates are not verified beyond the proof that the peer holds the
 * key: what they mean is decided by the handlers. `config` must outlive the context.
 */
SSL_CTX *tls_server_context(const struct tls_server_config *config, struct error *err);

#endif
