/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/transport.h"

#include "grpc/hints.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static int write_without_signal(BIO *bio, const char *data, int size)
{
	int fd = -1;
	BIO_get_fd(bio, &fd);
	BIO_clear_retry_flags(bio);
	ssize_t sent = send(fd, data, (size_t)size, MSG_NOSIGNAL);
	if (sent < 0 && BIO_sock_should_retry(-1))
		BIO_set_retry_write(bio);
	return (int)sent;
}

/* OpenSSL's socket BIO with another way of writing. */
static BIO_METHOD *socket_method(void)
{
	const BIO_METHOD *plain = BIO_s_socket();
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOCKET, "socket without SIGPIPE");
	if (!method || !BIO_meth_set_write(method, write_without_signal) ||
		!BIO_meth_set_read(method, BIO_meth_get_read(plain)) ||
		!BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(plain)) ||
		!BIO_meth_set_create(method, BIO_meth_get_create(plain)) ||
		!BIO_meth_set_destroy(method, BIO_meth_get_destroy(plain)))
		abort();
	return method;
}

/* Takes over fd. */
static void attach(struct grpc_transport *transport, SSL_CTX *tls, int fd)
{
	static const unsigned char protocols[] = "\x02h2";
	transport->method = socket_method();
	transport->ssl = SSL_new(tls);
	BIO *bio = BIO_new(transport->method);
	if (!transport->ssl || !bio ||
		SSL_set_alpn_protos(transport->ssl, protocols, sizeof(protocols) - 1))
		abort();
	BIO_set_fd(bio, fd, BIO_CLOSE);
	SSL_set_bio(transport->ssl, bio, bio);
	/* answers are made of secrets */
	SSL_set_options(transport->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	SSL_set_mode(transport->ssl, SSL_MODE_AUTO_RETRY);
}

/* What the TLS library or the system says about the failed call, with the most likely reason. */
static bool tls_failure(struct error *err, int tls_error)
{
	int number = errno;
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
	if (reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
		ERR_clear_error();
		return error_set(
			err, ERROR_INVALID, "refuses to speak HTTP/2: " GRPC_HINT_CLIENT_API);
	}
	if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
		reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
		ERR_clear_error();
		return error_set(err, ERROR_INVALID,
			"does not speak TLS; the address must be that of a Coordinator's mesh API");
	}
	if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || (tls_error != SSL_ERROR_SSL && !code)) {
		ERR_clear_error();
		errno = number;
		return error_set(err, ERROR_UNAVAILABLE, "the peer closed the connection%s%s",
			number ? ": " : "", number ? strerrordesc_np(number) : "");
	}
	return crypto_error(err, ERROR_DENIED, "TLS");
}

/*
 * To be called with the result of an operation that did not succeed: waits until it can go on.
 * False when it cannot.
 */
static bool wait_to_go_on(struct grpc_transport *transport, int result, struct error *err)
{
	int tls_error = SSL_get_error(transport->ssl, result);
	if (tls_error == SSL_ERROR_WANT_READ || tls_error == SSL_ERROR_WANT_WRITE)
		return grpc_wait(SSL_get_fd(transport->ssl),
			tls_error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, transport->timeout,
			err);
	return tls_failure(err, tls_error);
}

static void prepare_operation(void)
{
	ERR_clear_error();
	errno = 0;
}

bool grpc_transport_open(struct grpc_transport *transport, const struct grpc_address *address,
	SSL_CTX *tls, int timeout, struct error *err)
{
	int fd = grpc_connect(address, timeout, err);
	if (fd < 0)
		return false;
	transport->timeout = timeout;
	attach(transport, tls, fd);
	if (!address->is_ip)
		SSL_set_tlsext_host_name(transport->ssl, address->host);
	for (;;) {
		prepare_operation();
		int result = SSL_connect(transport->ssl);
		if (result == 1) {
			const unsigned char *chosen;
			unsigned size;
			SSL_get0_alpn_selected(transport->ssl, &chosen, &size);
			transport->agreed = size > 0;
			return true;
		}
		if (!wait_to_go_on(transport, result, err))
			return error_prefix(err, "TLS handshake");
	}
}

/* A peer that refuses says why before it closes: that tells more than the broken pipe. */
static void prefer_alert(struct grpc_transport *transport, struct error *err)
{
	char byte;
	size_t got;
	prepare_operation();
	int result = SSL_read_ex(transport->ssl, &byte, sizeof(byte), &got);
	if (result != 1 && SSL_get_error(transport->ssl, result) == SSL_ERROR_SSL)
		tls_failure(err, SSL_ERROR_SSL);
}

bool grpc_transport_write(struct grpc_transport *transport, struct bytes data, struct error *err)
{
	size_t written = 0;
	if (!data.size)
		return true;
	for (;;) {
		prepare_operation();
		int result = SSL_write_ex(transport->ssl, data.data, data.size, &written);
		if (result == 1)
			return true;
		if (wait_to_go_on(transport, result, err))
			continue;
		prefer_alert(transport, err);
		return error_prefix(err, "sending");
	}
}

static bool is_end(const SSL *ssl, int result)
{
	/* who cuts the connection instead of ending it cuts a message, which is noticed anyway */
	return SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN ||
	       ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

bool grpc_transport_read(
	struct grpc_transport *transport, void *data, size_t size, size_t *got, struct error *err)
{
	for (;;) {
		prepare_operation();
		*got = 0;
		int result = SSL_read_ex(transport->ssl, data, size, got);
		if (result == 1 || is_end(transport->ssl, result))
			return true;
		if (!wait_to_go_on(transport, result, err))
			return error_prefix(err, "receiving");
	}
}

void grpc_transport_close(struct grpc_transport *transport)
{
	if (!transport->ssl)
		return;
	/* says goodbye if that needs no waiting, and if the handshake came so far */
	if (SSL_is_init_finished(transport->ssl))
		SSL_shutdown(transport->ssl);
	ERR_clear_error();
	SSL_free(transport->ssl);
	BIO_meth_free(transport->method);
	*transport = (struct grpc_transport){ 0 };
}
