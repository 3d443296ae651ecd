/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTPS, or HTTP, server on one libevent loop. Everything here belongs to the thread that runs
 * the loop. The handler is called with the whole request and answers before it returns. Requests
 * that may change something, all but GET and HEAD, can be handled by other threads, so that the
 * loop does not wait for keys to be generated or for a disk.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/openssl.h"

#include <event2/event.h>

struct http_server;

struct http_request {
	const char *method; /* upper case */
	const char *path;   /* percent-decoded, without the query */
	const char *query;  /* as sent, "" without one */
	struct bytes body;
	X509 *peer;                        /* the client's certificate; NULL without one */
	const STACK_OF(X509) * peer_chain; /* what it sent with it; NULL for nothing */
};

struct http_header {
	const char *name;
	const char *value;
};

struct http_response {
	int status;
	struct http_header headers[8]; /* Content-Type and more; Length and Date are added */
	size_t header_count;
	struct buf location; /* of a redirect */
	struct buf body;
};

struct http_server_config {
	struct event_base *base;
	int listener; /* listening, non-blocking; the server closes it */
	SSL_CTX *tls; /* a reference is taken; NULL for plain HTTP */
	/* Fills *response, which starts as zero. */
	void (*handle)(
		const struct http_request *request, struct http_response *response, void *context);
	void *context;
	/*
	 * Has `run` called with the job by another thread, where it calls the handler, and then, or
	 * instead if the program ends, `done` by the loop's thread; `done` may come after the end
	 * of the server. NULL: every request is handled on the loop.
	 */
	void (*offload)(void *context, void (*run)(void *job), void (*done)(void *job), void *job);
	void *offload_context;
	bool (*takes_time)(const struct http_request *request); /* so offload a GET, too; or NULL */
	size_t body_max;            /* a longer body is answered with 413 */
	size_t connections_max;     /* with TLS, no further ones are accepted until one ends */
	int idle_seconds;           /* a connection that is silent for so long is closed */
	enum log_level error_level; /* of the log lines about TLS handshakes that fail */
};

struct http_server *http_server_new(const struct http_server_config *config, struct error *err);
void http_server_free(struct http_server *server);

#endif
