/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/server_private.h"

#include "base/log.h"
#include "base/memory.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>

#define INPUT_MAX  65536 /* bytes that wait to be understood */
#define OUTPUT_MAX 65536 /* bytes that wait to be sent; the rest stays with its call */

static void release_output(const void *data, size_t size, void *owned)
{
	(void)data, (void)size;
	buf_free(owned);
	free(owned);
}

/* Moves what the session has to say to the connection, without leaving copies behind. */
static bool fill_output(struct grpc_connection *connection)
{
	struct evbuffer *output = bufferevent_get_output(connection->stream);
	size_t waiting = evbuffer_get_length(output);
	struct buf *chunk = xcalloc(1, sizeof(*chunk));
	ssize_t size = 1;
	while (size > 0 && waiting + chunk->size < OUTPUT_MAX) {
		const uint8_t *data;
		size = nghttp2_session_mem_send(connection->session, &data);
		if (size > 0)
			buf_put(chunk, data, (size_t)size);
	}
	if (size < 0 || !chunk->size)
		release_output(NULL, 0, chunk);
	else if (evbuffer_add_reference(output, chunk->data, chunk->size, release_output, chunk))
		abort();
	return size >= 0;
}

/* Frees the connection when there is nothing left to say or to hear. */
static void send_pending(struct grpc_connection *connection)
{
	nghttp2_session *session = connection->session;
	if (!fill_output(connection) ||
		(!nghttp2_session_want_read(session) && !nghttp2_session_want_write(session) &&
			!evbuffer_get_length(bufferevent_get_output(connection->stream))))
		grpc_connection_free(connection);
}

static void on_readable(struct bufferevent *stream, void *context)
{
	struct grpc_connection *connection = context;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t size;
	while ((size = evbuffer_get_contiguous_space(input)) > 0) {
		const uint8_t *data = evbuffer_pullup(input, (ev_ssize_t)size);
		if (nghttp2_session_mem_recv(connection->session, data, size) < 0) {
			log_debug("closing a mesh connection that does not keep to HTTP/2");
			grpc_connection_free(connection);
			return;
		}
		evbuffer_drain(input, size);
	}
	send_pending(connection);
}

/*
 * In place of the stream's write callback, which libevent defers: one that is still due when the
 * loop ends would keep the stream alive beyond it.
 */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *change, void *context)
{
	(void)output;
	if (change->n_deleted)
		grpc_connection_wake(context);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	send_pending(context);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
	struct grpc_connection *connection = context;
	if (what & BEV_EVENT_CONNECTED) {
		connection->established = true;
		send_pending(connection);
		return;
	}
	if (!connection->established) {
		const char *reason = ERR_reason_error_string(bufferevent_get_openssl_error(stream));
		log_debug("TLS handshake failed on the mesh API", "reason",
			reason ? reason : "the peer closed the connection");
	}
	grpc_connection_free(connection);
}

static bool is_awaited(const struct grpc_connection *connection)
{
	const struct grpc_call *call;
	LIST_FOREACH(call, &connection->calls, entry)
	{
		if (call->phase == CALL_WITH_HANDLER)
			return true;
	}
	return false;
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	struct grpc_connection *connection = context;
	if (is_awaited(connection)) {
		grpc_connection_touch(connection);
	} else if (!connection->established || connection->ending) {
		grpc_connection_free(connection);
	} else {
		connection->ending = true;
		(void)nghttp2_session_terminate_session(connection->session, NGHTTP2_NO_ERROR);
		grpc_connection_touch(connection);
		grpc_connection_wake(connection);
	}
}

void grpc_connection_touch(struct grpc_connection *connection)
{
	struct timeval seconds = { .tv_sec = connection->server->config.idle_seconds };
	if (event_add(connection->deadline, &seconds))
		abort();
}

void grpc_connection_wake(struct grpc_connection *connection)
{
	event_active(connection->wake, EV_WRITE, 0);
}

void grpc_connection_start(struct grpc_server *server, int fd)
{
	struct grpc_connection *connection = xcalloc(1, sizeof(*connection));
	struct event_base *base = server->config.base;
	SSL *ssl = SSL_new(server->config.tls);
	int one = 1;
	/* answers are small and awaited */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	connection->server = server;
	connection->stream = ssl ? bufferevent_openssl_socket_new(base, fd, ssl,
					   BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
				 : NULL;
	connection->deadline = evtimer_new(base, on_deadline, connection);
	connection->wake = event_new(base, -1, 0, on_wake, connection);
	if (!connection->stream || !connection->deadline || !connection->wake)
		abort();
	connection->session = grpc_session_new(connection);
	LIST_INSERT_HEAD(&server->connections, connection, entry);
	server->connection_count++;
	bufferevent_openssl_set_allow_dirty_shutdown(connection->stream, 1);
	bufferevent_setcb(connection->stream, on_readable, NULL, on_event, connection);
	if (!evbuffer_add_cb(bufferevent_get_output(connection->stream), on_output, connection))
		abort();
	bufferevent_setwatermark(connection->stream, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	grpc_connection_touch(connection);
}

void grpc_connection_free(struct grpc_connection *connection)
{
	struct grpc_call *call;
	struct grpc_call *next;
	for (call = LIST_FIRST(&connection->calls); call; call = next) {
		next = LIST_NEXT(call, entry);
		grpc_call_close(call);
	}
	LIST_REMOVE(connection, entry);
	connection->server->connection_count--;
	/* says goodbye without waiting for the peer's */
	SSL *ssl = bufferevent_openssl_get_ssl(connection->stream);
	if (connection->established) {
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(ssl);
	}
	ERR_clear_error();
	nghttp2_session_del(connection->session);
	event_free(connection->deadline);
	event_free(connection->wake);
	evbuffer_remove_cb(bufferevent_get_output(connection->stream), on_output, connection);
	bufferevent_free(connection->stream);
	free(connection);
}
