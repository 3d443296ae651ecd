/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/identity.h"

#include "base/clock.h"

static bool add_names(GENERAL_NAMES *names, const char *dns_names, struct error *err)
{
	return cert_add_alt_names(names, dns_names, err) &&
	       cert_add_alt_name(names, "127.0.0.1", err) && cert_add_alt_name(names, "::1", err);
}

static X509 *issue(const struct identity *identity, struct error *err)
{
	AUTO(auto_x509_name) X509_NAME *name = cert_name("MarbleRun Marble");
	AUTO(auto_usages) EXTENDED_KEY_USAGE *usages = cert_tls_usages();
	int64_t now = clock_now();
	const struct cert_fields fields = {
		.key = identity->key,
		.subject = name,
		.issuer_key = identity->key,
		.not_before = now,
		.not_after = now + CERT_FOREVER,
		.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT,
		.extended_usages = usages,
		.alt_names = identity->alt_names,
	};
	return cert_issue(&fields, err);
}

bool identity_create(const char *dns_names, struct identity *identity, struct error *err)
{
	identity->alt_names = sk_GENERAL_NAME_new_null();
	if (!identity->alt_names)
		return crypto_error(err, ERROR_INTERNAL, "names");
	if (!add_names(identity->alt_names, dns_names, err))
		return error_prefix(err, "EDG_MARBLE_DNS_NAMES");
	identity->key = key_generate_ec(256, err);
	if (!identity->key)
		return false;
	identity->cert = issue(identity, err);
	return identity->cert != NULL;
}

void identity_free(struct identity *identity)
{
	GENERAL_NAMES_free(identity->alt_names);
	X509_free(identity->cert);
	EVP_PKEY_free(identity->key);
	*identity = (struct identity){ 0 };
}

static bool add_alt_names(X509_REQ *request, GENERAL_NAMES *names)
{
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *extension = X509V3_EXT_i2d(NID_subject_alt_name, 0, names);
	bool added = list && extension && sk_X509_EXTENSION_push(list, extension) > 0 &&
		     X509_REQ_add_extensions(request, list) == 1;
	X509_EXTENSION_free(extension);
	sk_X509_EXTENSION_free(list);
	return added;
}

bool identity_put_request(const struct identity *identity, struct buf *out, struct error *err)
{
	AUTO(auto_x509_req) X509_REQ *request = X509_REQ_new();
	int size = -1;
	if (request && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
		X509_REQ_set_pubkey(request, identity->key) == 1 &&
		add_alt_names(request, identity->alt_names) &&
		X509_REQ_sign(request, identity->key, key_digest(identity->key)) > 0)
		size = i2d_X509_REQ(request, NULL);
	if (size <= 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot make a certificate request");
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_X509_REQ(request, &next);
	return true;
}

SSL_CTX *identity_client_tls(const struct identity *identity, struct error *err)
{
	AUTO(auto_ssl_ctx) SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
		SSL_CTX_use_certificate(tls, identity->cert) != 1 ||
		SSL_CTX_use_PrivateKey(tls, identity->key) != 1) {
		crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
		return NULL;
	}
	/*
	 * A false Coordinator learns nothing: what it could answer is its own. The owner's trust
	 * goes the other way, through the quote (spec marble-api.md clause 1.2).
	 */
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	return TAKE(tls);
}
