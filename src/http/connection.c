/* SPDX-License-Identifier: Apache-2.0 */
#include "http/connection.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#define CLOSING_SECONDS 5

/* What hangs at the SSL of a connection. */
struct connection {
	struct http_connections *owner;
	SSL *tls;
	struct event *handshake_timer;
	char *peer; /* "host:port", known since the handshake began: a reset forgets it */
	int fd;     /* our own descriptor of the socket once the handshake is done, else -1 */
};

/* A socket after our last byte, until the peer's last byte. */
struct http_closing {
	LIST_ENTRY(http_closing) links;
	struct event *event;
	int fd;
};

static void closing_free(struct http_closing *closing)
{
	LIST_REMOVE(closing, links);
	event_free(closing->event);
	close(closing->fd);
	free(closing);
}

static void drain(int fd, short what, void *context)
{
	char sink[16384];
	bool ended = !(what & EV_READ) || recv(fd, sink, sizeof(sink), 0) <= 0;
	if (ended)
		closing_free(context);
}

static void close_after_peer(struct http_connections *owner, int fd)
{
	char next;
	bool peer_ended = recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
	if (peer_ended || shutdown(fd, SHUT_WR)) {
		close(fd);
		return;
	}
	struct http_closing *closing = xcalloc(1, sizeof(*closing));
	closing->fd = fd;
	closing->event =
		event_new(owner->base, fd, EV_READ | EV_TIMEOUT | EV_PERSIST, drain, closing);
	LIST_INSERT_HEAD(&owner->closing, closing, links);
	struct timeval limit = { .tv_sec = CLOSING_SECONDS };
	if (!closing->event || event_add(closing->event, &limit))
		abort();
}

/* OpenSSL calls it when a connection's SSL is freed; libevent has closed its descriptor by then. */
static void on_tls_freed(
	void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	struct connection *connection = data;
	if (!connection)
		return;
	struct http_connections *owner = connection->owner;
	if (connection->fd >= 0)
		close_after_peer(owner, connection->fd);
	event_free(connection->handshake_timer);
	free(connection->peer);
	free(connection);
	if (owner->count-- == owner->max)
		owner->set_accepting(true, owner->context);
}

/* "host:port", "" for a peer that is gone already. */
static char *describe_peer(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);
	char host[NI_MAXHOST];
	char port[NI_MAXSERV];
	if (getpeername(fd, (struct sockaddr *)&address, &size) ||
		getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return xstrdup("");
	return xasprintf(address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static const char *describe_failure(int reason, int number)
{
	const char *text =
		reason ? ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason)) : NULL;
	switch (reason) {
	case SSL_R_HTTP_REQUEST:
		return "client sent an HTTP request to an HTTPS server";
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
		return "EOF";
	case 0:
		return number ? strerrordesc_np(number) : "EOF";
	default:
		return text ? text : "unknown reason";
	}
}

/* The text of the original, which names the layer. */
static void log_failure(const struct connection *connection, const char *reason)
{
	AUTO(buf_free) struct buf text = { 0 };
	enum log_level level = connection->owner->error_level;
	if (!log_enabled(level))
		return;
	buf_printf(&text, "http: TLS handshake error from %s: %s", connection->peer, reason);
	log_write(level, __FILE__, __LINE__, buf_text(&text), (char *)0);
}

static void keep_open(struct connection *connection)
{
	if (connection->fd < 0)
		connection->fd = fcntl(SSL_get_fd(connection->tls), F_DUPFD_CLOEXEC, 0);
}

/* Head and body of an answer are written one after the other: the body must not wait for the peer.
 */
static void send_at_once(const SSL *tls)
{
	int on = 1;
	(void)setsockopt(SSL_get_fd(tls), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void on_handshake_failed(struct connection *connection, int number)
{
	static const char hint[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				   "Client sent an HTTP request to an HTTPS server.\n";
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
	int fd = SSL_get_fd(connection->tls);
	log_failure(connection, describe_failure(reason, code ? 0 : number));
	if (reason != SSL_R_HTTP_REQUEST)
		return;
	(void)!send(fd, hint, sizeof(hint) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	keep_open(connection);
}

static void on_handshake_event(const SSL *tls, int where, int result)
{
	int number = errno;
	struct connection *connection = SSL_get_app_data(tls);
	if (!connection->peer)
		connection->peer = describe_peer(SSL_get_fd(tls));
	if (where & SSL_CB_HANDSHAKE_DONE) {
		send_at_once(tls);
		keep_open(connection);
	} else if ((where & SSL_CB_EXIT) && result <= 0) {
		int error = SSL_get_error(tls, result);
		if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL)
			on_handshake_failed(connection, number);
	}
}

static void on_handshake_timeout(int fd, short what, void *context)
{
	(void)fd;
	(void)what;
	struct connection *connection = context;
	/* the end of the stream makes libevent give the connection up */
	if (!SSL_is_init_finished(connection->tls))
		shutdown(SSL_get_fd(connection->tls), SHUT_RDWR);
}

bool http_connections_init(struct http_connections *connections, struct error *err)
{
	connections->tls_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_tls_freed);
	if (connections->tls_index < 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
	return true;
}

void http_connections_close(struct http_connections *connections)
{
	struct http_closing *closing = LIST_FIRST(&connections->closing);
	while (closing) {
		struct http_closing *next = LIST_NEXT(closing, links);
		closing_free(closing);
		closing = next;
	}
}

SSL *http_connection_new(struct http_connections *connections)
{
	struct connection *connection = xcalloc(1, sizeof(*connection));
	struct timeval limit = { .tv_sec = connections->idle_seconds };
	connection->owner = connections;
	connection->fd = -1;
	connection->tls = SSL_new(connections->tls);
	connection->handshake_timer =
		evtimer_new(connections->base, on_handshake_timeout, connection);
	if (!connection->tls || !connection->handshake_timer ||
		SSL_set_ex_data(connection->tls, connections->tls_index, connection) != 1 ||
		evtimer_add(connection->handshake_timer, &limit))
		abort();
	SSL_set_app_data(connection->tls, connection);
	SSL_set_info_callback(connection->tls, on_handshake_event);
	if (++connections->count == connections->max)
		connections->set_accepting(false, connections->context);
	return connection->tls;
}
