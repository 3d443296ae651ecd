/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unary gRPC methods over TLS on one libevent loop. Everything here belongs to the thread that runs
 * the loop. A handler answers at once or later (from the same loop), and exactly once. The program
 * ignores SIGPIPE.
 */
#ifndef GRPC_SERVER_H
#define GRPC_SERVER_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "grpc/status.h"

#include <event2/event.h>

struct grpc_server;
struct grpc_call;

struct grpc_method {
	const char *path; /* "/rpc.Marble/Activate" */
	/* `request` is valid during the call of the handler only. */
	void (*handle)(struct grpc_call *call, struct bytes request, void *context);
	void *context;
};

struct grpc_server_config {
	struct event_base *base;
	int listener;                      /* listening, non-blocking; the server closes it */
	SSL_CTX *tls;                      /* a reference is taken */
	const struct grpc_method *methods; /* ended by path NULL; must outlive the server */
	size_t connections_max;            /* further ones are closed at once */
	/* a connection is closed when it brings no complete request for so long and awaits no
	 * answer */
	unsigned idle_seconds;
};

struct grpc_server *grpc_server_new(const struct grpc_server_config *config, struct error *err);
/*
 * Closes the listener and all connections, which ends calls that are still unanswered as below. Not
 * to be called from within a handler.
 */
void grpc_server_free(struct grpc_server *server);

/* The certificate that the peer proved to hold, NULL if none. Owned by the connection. */
X509 *grpc_call_peer_certificate(const struct grpc_call *call);

/* Each of them ends the call; `call` must not be used afterwards. */
void grpc_call_reply(struct grpc_call *call, struct bytes message);
void grpc_call_fail(struct grpc_call *call, enum grpc_code code, const char *message);

/*
 * For answers that come later: the peer may have cancelled the call or ended the connection by
 * then. `gone` is called at most once, when that happens; after it `call` must not be used. Without
 * it (NULL) the call must be answered all the same, and the answer is dropped.
 */
void grpc_call_on_gone(struct grpc_call *call, void (*gone)(void *context), void *context);

#endif
