/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blocking TLS connection that ends with a clear message when the peer is silent for too long.
 * It never raises SIGPIPE, and leaves the signal dispositions of the process alone.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "net/connect.h"

struct net_transport_options {
	SSL_CTX *tls;
	const char *protocol; /* for ALPN, its length first */
	bool checks_name;     /* the peer's certificate must be for the host of the address */
	bool by_proxy;        /* that the environment names, see proxy.h */
	struct net_limits limits;
	/* What to say of a peer that refuses the protocol, and of one that does not speak TLS. */
	const char *if_no_protocol;
	const char *if_no_tls;
};

/* The zero value is a closed one. */
struct net_transport {
	SSL *ssl;
	BIO_METHOD *method; /* how ssl reads and writes its socket */
	bool agreed;        /* the peer has chosen the protocol */
	const struct net_transport_options *options;
};

/*
 * Offers the protocol, and the host's name unless it is an IP. `options` must outlive the
 * transport. Close it also when this fails.
 */
bool net_transport_open(struct net_transport *transport, const struct net_address *address,
	const struct net_transport_options *options, struct error *err);
void net_transport_close(struct net_transport *transport);

/* Writes all of it. */
bool net_transport_write(struct net_transport *transport, struct bytes data, struct error *err);
/* Reads at least one byte; *got is 0 only at the end of the connection. */
bool net_transport_read(
	struct net_transport *transport, void *data, size_t size, size_t *got, struct error *err);

#endif
