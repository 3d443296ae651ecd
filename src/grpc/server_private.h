/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the server and who owns what: a server has connections, a connection has an HTTP/2
 * session and the calls on it, a call outlives its connection only while a handler still owes its
 * answer.
 */
#ifndef GRPC_SERVER_PRIVATE_H
#define GRPC_SERVER_PRIVATE_H

#include "grpc/framing.h"
#include "grpc/server.h"

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <nghttp2/nghttp2.h>
#include <sys/queue.h>

struct grpc_server {
	struct grpc_server_config config;
	struct evconnlistener *listener;
	struct event *resume; /* accepts again after accept(2) failed */
	LIST_HEAD(, grpc_connection) connections;
	size_t connection_count;
	size_t request_bytes; /* of requests that are not complete yet, over all connections */
};

struct grpc_connection {
	LIST_ENTRY(grpc_connection) entry;
	struct grpc_server *server;
	struct bufferevent *stream;
	struct event *deadline;
	struct event *wake;
	nghttp2_session *session;
	LIST_HEAD(, grpc_call) calls;
	bool established; /* the TLS handshake is done */
	bool ending;      /* the peer has been told to go */
};

enum grpc_call_phase {
	CALL_RECEIVING,
	CALL_WITH_HANDLER,
	CALL_ANSWERED,
};

struct grpc_call {
	LIST_ENTRY(grpc_call) entry;
	struct grpc_connection *connection; /* NULL: the peer is gone */
	int32_t stream;
	enum grpc_call_phase phase;
	bool request_ended;
	/* what the request headers say */
	size_t header_bytes;
	bool is_post;
	bool is_grpc;
	bool is_encoded;
	const struct grpc_method *method; /* NULL: none of ours */
	struct grpc_assembler request;
	struct buf reply; /* with prefix */
	size_t replied;
	void (*gone)(void *context);
	void *gone_context;
};

/* connection.c */
/* Takes over fd. */
void grpc_connection_start(struct grpc_server *server, int fd);
void grpc_connection_free(struct grpc_connection *connection);
/* Has what the session wants to say sent from the loop. */
void grpc_connection_wake(struct grpc_connection *connection);
/* Gives the peer another idle_seconds. */
void grpc_connection_touch(struct grpc_connection *connection);

/* session.c */
nghttp2_session *grpc_session_new(struct grpc_connection *connection);

/* call.c: what happens to a stream, in this order */
struct grpc_call *grpc_call_new(struct grpc_connection *connection, int32_t stream);
/* False when there are too many headers. */
bool grpc_call_take_header(struct grpc_call *call, struct bytes name, struct bytes value);
void grpc_call_headers_end(struct grpc_call *call);
void grpc_call_take_data(struct grpc_call *call, const uint8_t *data, size_t size);
void grpc_call_request_end(struct grpc_call *call);
void grpc_call_close(struct grpc_call *call);

#endif
