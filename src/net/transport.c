/* SPDX-License-Identifier: Apache-2.0 */
#include "net/transport.h"

#include "net/proxy.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
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
static void attach(struct net_transport *transport, int fd)
{
	const char *protocol = transport->options->protocol;
	transport->method = socket_method();
	transport->ssl = SSL_new(transport->options->tls);
	BIO *bio = BIO_new(transport->method);
	if (!transport->ssl || !bio ||
		SSL_set_alpn_protos(transport->ssl, (const unsigned char *)protocol,
			(unsigned)strlen(protocol)))
		abort();
	BIO_set_fd(bio, fd, BIO_CLOSE);
	SSL_set_bio(transport->ssl, bio, bio);
	/* answers may be made of secrets */
	SSL_set_options(transport->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	SSL_set_mode(transport->ssl, SSL_MODE_AUTO_RETRY);
}

static void name_peer(const struct net_transport *transport, const struct net_address *address)
{
	SSL *ssl = transport->ssl;
	if (!address->is_ip)
		SSL_set_tlsext_host_name(ssl, address->host);
	if (!transport->options->checks_name)
		return;
	/* a check that cannot be set must not be one that passes */
	if ((address->is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->host)
			    : SSL_set1_host(ssl, address->host)) != 1)
		abort();
}

/* What the TLS library or the system says about the failed call, with the most likely reason. */
static bool tls_failure(const struct net_transport *transport, struct error *err, int tls_error)
{
	int number = errno;
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		ERR_clear_error();
		return error_set(err, ERROR_DENIED, "its certificate is not accepted: %s",
			X509_verify_cert_error_string(SSL_get_verify_result(transport->ssl)));
	}
	if (reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) {
		ERR_clear_error();
		return error_set(err, ERROR_INVALID, "%s", transport->options->if_no_protocol);
	}
	if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
		reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
		ERR_clear_error();
		return error_set(err, ERROR_INVALID, "%s", transport->options->if_no_tls);
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
static bool wait_to_go_on(struct net_transport *transport, int result, struct error *err)
{
	int tls_error = SSL_get_error(transport->ssl, result);
	if (tls_error == SSL_ERROR_WANT_READ || tls_error == SSL_ERROR_WANT_WRITE)
		return net_wait(SSL_get_fd(transport->ssl),
			tls_error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			&transport->options->limits, err);
	return tls_failure(transport, err, tls_error);
}

static void prepare_operation(void)
{
	ERR_clear_error();
	errno = 0;
}

bool net_transport_open(struct net_transport *transport, const struct net_address *address,
	const struct net_transport_options *options, struct error *err)
{
	int fd = options->by_proxy ? net_connect_by_proxy(address, &options->limits, err)
				   : net_connect(address, &options->limits, err);
	if (fd < 0)
		return false;
	transport->options = options;
	attach(transport, fd);
	name_peer(transport, address);
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
static void prefer_alert(struct net_transport *transport, struct error *err)
{
	char byte;
	size_t got;
	prepare_operation();
	int result = SSL_read_ex(transport->ssl, &byte, sizeof(byte), &got);
	if (result != 1 && SSL_get_error(transport->ssl, result) == SSL_ERROR_SSL)
		tls_failure(transport, err, SSL_ERROR_SSL);
}

bool net_transport_write(struct net_transport *transport, struct bytes data, struct error *err)
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

bool net_transport_read(
	struct net_transport *transport, void *data, size_t size, size_t *got, struct error *err)
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

void net_transport_close(struct net_transport *transport)
{
	if (!transport->ssl)
		return;
	/* says goodbye if that needs no waiting, and if the handshake came so far */
	if (SSL_is_init_finished(transport->ssl))
		SSL_shutdown(transport->ssl);
	ERR_clear_error();
	SSL_free(transport->ssl);
	BIO_meth_free(transport->method);
	*transport = (struct net_transport){ 0 };
}
