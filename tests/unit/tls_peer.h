/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, listeners and TLS clients for tests of both ends of gRPC. */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include "base/clock.h"
#include "crypto/cert.h"
#include "crypto/key.h"

#include <arpa/inet.h>
#include <sys/socket.h>

struct credentials {
	EVP_PKEY *key;
	X509 *cert;
};

static inline struct credentials make_credentials(void)
{
	struct credentials made = { .key = key_generate_ec(256, NULL) };
	AUTO(auto_x509_name) X509_NAME *name = cert_name("test");
	struct cert_fields fields = { .key = made.key,
		.subject = name,
		.issuer_key = made.key,
		.not_before = clock_now(),
		.not_after = clock_now() + 3600 };
	made.cert = cert_issue(&fields, NULL);
	assert_non_null(made.cert);
	return made;
}

static inline void free_credentials(struct credentials *credentials)
{
	X509_free(credentials->cert);
	EVP_PKEY_free(credentials->key);
}

static inline SSL_CTX *new_tls(const SSL_METHOD *method, const struct credentials *credentials)
{
	SSL_CTX *tls = SSL_CTX_new(method);
	if (credentials) {
		assert_int_equal(SSL_CTX_use_certificate(tls, credentials->cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(tls, credentials->key), 1);
	}
	return tls;
}

/* Listens on a free port of 127.0.0.1 and tells its address. */
static inline int new_listener(int flags, char address[32])
{
	struct sockaddr_in where = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
	snprintf(address, 32, "127.0.0.1:%u", ntohs(where.sin_port));
	return fd;
}

static inline int connect_plain(const char *address)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1)) };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
	/* a peer that should answer and does not fails the test instead of hanging it */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

#endif
