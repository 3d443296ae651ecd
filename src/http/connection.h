/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS connections of one HTTP server: how many there are, a limit on the time that a handshake
 * takes, a word about one that fails, and a close that waits for what the peer is still sending, so
 * that an answer like 413 reaches it instead of a reset. libevent does none of these for
 * connections that it accepts.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/error.h"
#include "base/log.h"
#include "crypto/openssl.h"

#include <event2/event.h>
#include <sys/queue.h>

struct http_closing;

struct http_connections {
	struct event_base *base;
	SSL_CTX *tls;
	size_t max;
	int idle_seconds;
	enum log_level error_level; /* of handshakes that fail */
	/* Called with false when `max` is reached and with true when there is room again. */
	void (*set_accepting)(bool accept, void *context);
	void *context;

	size_t count;
	int tls_index;                     /* of our data at an SSL */
	LIST_HEAD(, http_closing) closing; /* sockets that wait for their peer to end */
};

bool http_connections_init(struct http_connections *connections, struct error *err);
/* Closes the sockets that still wait. The connections themselves must be gone. */
void http_connections_close(struct http_connections *connections);

/* The server side of a new connection; counted until it is freed. */
SSL *http_connection_new(struct http_connections *connections);

#endif
