/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <string.h>

static int accept_any_certificate(int preverified, X509_STORE_CTX *ctx)
{
	(void)preverified;
	(void)ctx;
	return 1;
}

static int use_current_certificate(SSL *tls, void *context)
{
	const struct tls_server_config *config = context;
	AUTO(auto_x509) X509 *certificate = NULL;
	AUTO(auto_pkey) EVP_PKEY *key = NULL;
	return config->get_certificate(config->context, &certificate, &key) &&
	       SSL_use_certificate(tls, certificate) == 1 && SSL_use_PrivateKey(tls, key) == 1;
}

static int select_protocol(SSL *tls, const unsigned char **out, unsigned char *out_length,
	const unsigned char *offered, unsigned offered_length, void *context)
{
	(void)tls;
	const struct tls_server_config *config = context;
	size_t wanted = strlen(config->alpn);
	for (unsigned i = 0; i < offered_length && offered[i] < offered_length - i;
		i += offered[i] + 1U) {
		if (offered[i] == wanted && !memcmp(offered + i + 1, config->alpn, wanted)) {
			*out = offered + i + 1;
			*out_length = offered[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *tls_server_context(const struct tls_server_config *config, struct error *err)
{
	static const unsigned char session_context[] = "marblerun";
	AUTO(auto_ssl_ctx) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_session_id_context(ctx, session_context, sizeof(session_context) - 1) !=
			1) {
		crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
		return NULL;
	}
	int mode = SSL_VERIFY_PEER;
	if (config->client_certificate == TLS_CLIENT_CERTIFICATE_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, accept_any_certificate);
	SSL_CTX_set_cert_cb(ctx, use_current_certificate, (void *)config);
	SSL_CTX_set_alpn_select_cb(ctx, select_protocol, (void *)config);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	if (!config->resume_sessions) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	}
	return TAKE(ctx);
}
