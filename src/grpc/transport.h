/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blocking TLS connection that ends with a clear message when the peer is silent for too long.
 * It never raises SIGPIPE, and leaves the signal dispositions of the process alone.
 */
#ifndef GRPC_TRANSPORT_H
#define GRPC_TRANSPORT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "grpc/connect.h"

/* The zero value is a closed one. */
struct grpc_transport {
	SSL *ssl;
	BIO_METHOD *method; /* how ssl reads and writes its socket */
	bool agreed;        /* the peer has chosen HTTP/2 */
	int timeout;        /* milliseconds without any byte from the peer */
};

/* Offers HTTP/2, and the host's name unless it is an IP. Close it also when this fails. */
bool grpc_transport_open(struct grpc_transport *transport, const struct grpc_address *address,
	SSL_CTX *tls, int timeout, struct error *err);
void grpc_transport_close(struct grpc_transport *transport);

/* Writes all of it. */
bool grpc_transport_write(struct grpc_transport *transport, struct bytes data, struct error *err);
/* Reads at least one byte; *got is 0 only at the end of the connection. */
bool grpc_transport_read(
	struct grpc_transport *transport, void *data, size_t size, size_t *got, struct error *err);

#endif
