/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as the mesh API serves it (spec marble-api.md clause 1.1): the client must prove to hold a
 * certificate, any certificate; what it is worth is for the caller to judge. No session survives
 * its connection, so each connection has such a proof of its own.
 */
#ifndef GRPC_TLS_H
#define GRPC_TLS_H

#include "base/error.h"
#include "crypto/openssl.h"

/* Who the server is, asked anew in each handshake. */
struct grpc_identity {
	/*
	 * Sets references that the handshake gives back. False: there is no certificate at the
	 * moment, and the handshake fails. Called in the thread that runs the server's loop.
	 */
	bool (*get)(void *context, X509 **certificate, EVP_PKEY **key);
	void *context;
};

/* `identity` must outlive the result, which the caller frees. NULL on error. */
SSL_CTX *grpc_server_tls_new(const struct grpc_identity *identity, struct error *err);

#endif
