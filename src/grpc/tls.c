/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/tls.h"

#include <string.h>

static const unsigned char http2[] = "\x02h2";

/* Possession of the key is proven by TLS itself. */
static int accept_certificate(X509_STORE_CTX *store, void *context)
{
	(void)store, (void)context;
	return 1;
}

/* Not called for a client without ALPN, which is served as well. */
static int select_http2(SSL *ssl, const unsigned char **out, unsigned char *out_size,
	const unsigned char *offered, unsigned offered_size, void *context)
{
	(void)ssl, (void)context;
	if (SSL_select_next_proto((unsigned char **)out, out_size, http2, sizeof(http2) - 1,
		    offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static int present_identity(SSL *ssl, void *context)
{
	const struct grpc_identity *identity = context;
	AUTO(auto_x509) X509 *certificate = NULL;
	AUTO(auto_pkey) EVP_PKEY *key = NULL;
	return identity->get(identity->context, &certificate, &key) &&
	       SSL_use_certificate(ssl, certificate) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
}

SSL_CTX *grpc_server_tls_new(const struct grpc_identity *identity, struct error *err)
{
	AUTO(auto_ssl_ctx) SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_num_tickets(tls, 0) != 1) {
		crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
		return NULL;
	}
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(tls, accept_certificate, NULL);
	SSL_CTX_set_alpn_select_cb(tls, select_http2, NULL);
	SSL_CTX_set_cert_cb(tls, present_identity, (void *)identity);
	return TAKE(tls);
}
