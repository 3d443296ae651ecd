/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/tls_server.h"

#include <string.h>

/*
 * Possession of the key is proven by TLS itself. A session keeps the first certificate only, so one
 * with a client who showed any is not resumed: in TLS 1.3 there is no ticket for it, in TLS 1.2 it
 * is as old as time.
 */
static int accept_certificate(X509_STORE_CTX *store, void *context)
{
	(void)context;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	SSL_set_num_tickets(ssl, 0);
	SSL_SESSION_set_time(SSL_get_session(ssl), 1);
	return 1;
}

/* Not called for a client without ALPN. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
	const unsigned char *offered, unsigned offered_size, void *context)
{
	(void)ssl;
	const struct tls_server_config *config = context;
	const unsigned char *wanted = (const unsigned char *)config->protocol;
	if (SSL_select_next_proto((unsigned char **)out, out_size, wanted,
		    (unsigned)strlen(config->protocol), offered,
		    offered_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static int present_identity(SSL *ssl, void *context)
{
	const struct tls_server_config *config = context;
	AUTO(auto_x509) X509 *certificate = NULL;
	AUTO(auto_pkey) EVP_PKEY *key = NULL;
	return config->get_identity(config->context, &certificate, &key) &&
	       SSL_use_certificate(ssl, certificate) == 1 && SSL_use_PrivateKey(ssl, key) == 1;
}

SSL_CTX *tls_server_new(const struct tls_server_config *config, struct error *err)
{
	static const unsigned char session_context[] = "marblerun";
	/* As strong as the P-256 keys; SHA-256 has instructions of its own, SHA-384 has none. */
	static const char suites[] =
		"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
	AUTO(auto_ssl_ctx) SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_ciphersuites(tls, suites) != 1 ||
		SSL_CTX_set_session_id_context(tls, session_context, sizeof(session_context) - 1) !=
			1 ||
		(!config->resumes_sessions && SSL_CTX_set_num_tickets(tls, 0) != 1)) {
		crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
		return NULL;
	}
	/* what comes may hold secrets, as a manifest does */
	SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CLEANSE_PLAINTEXT |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	if (!config->resumes_sessions) {
		SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
		SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	}
	SSL_CTX_set_verify(tls,
		SSL_VERIFY_PEER |
			(config->requires_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
		NULL);
	SSL_CTX_set_cert_verify_callback(tls, accept_certificate, NULL);
	SSL_CTX_set_alpn_select_cb(tls, select_protocol, (void *)config);
	SSL_CTX_set_cert_cb(tls, present_identity, (void *)config);
	return TAKE(tls);
}
