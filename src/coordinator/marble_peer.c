/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/marble_peer.h"

#include <openssl/err.h>

static const char marble_type_oid[] = "1.3.9903.2.1";

static bool is_valid_at(X509 *certificate, int64_t now)
{
	time_t time = (time_t)now;
	return X509_cmp_time(X509_get0_notBefore(certificate), &time) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(certificate), &time) > 0;
}

static bool verify(const struct pki *pki, X509 *certificate, int64_t now, struct error *err)
{
	/* without the extension all bits are set */
	uint32_t usages = X509_get_extended_key_usage(certificate);
	if (X509_NAME_cmp(X509_get_issuer_name(certificate),
		    X509_get_subject_name(pki->marble_root)) != 0 ||
		X509_verify(certificate, pki->intermediate_key) != 1) {
		ERR_clear_error();
		return error_set(err, ERROR_UNAUTHENTICATED,
			"the certificate was not issued by the present marble root");
	}
	if (!is_valid_at(certificate, now))
		return error_set(err, ERROR_UNAUTHENTICATED,
			"the certificate has expired or is not yet valid");
	return (usages & (XKU_SSL_SERVER | XKU_ANYEKU)) ||
	       error_set(err, ERROR_UNAUTHENTICATED,
		       "the certificate may not be used for serverAuth");
}

static bool read_uuid(X509 *certificate, char uuid[UUID_TEXT_SIZE], struct error *err)
{
	char text[128];
	int length = X509_NAME_get_text_by_NID(
		X509_get_subject_name(certificate), NID_commonName, text, sizeof(text));
	return uuid_parse(length > 0 ? text : "", length > 0 ? (size_t)length : 0, uuid, err) ||
	       error_prefix(err, "common name of the certificate");
}

static bool read_type(X509 *certificate, struct buf *type, struct error *err)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(marble_type_oid, 1);
	int at = X509_get_ext_by_OBJ(certificate, oid, -1);
	ASN1_OBJECT_free(oid);
	if (at < 0)
		return error_set(err, ERROR_UNAUTHENTICATED,
			"MarbleType extension not found in certificate");
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
	buf_clear(type);
	buf_put(type, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	return true;
}

/* What is wrong is added to `reasons`, a line each. */
static bool try_certificate(const struct pki *pki, X509 *certificate, int64_t now,
	struct marble_peer *name, struct buf *reasons)
{
	struct error reason = { 0 };
	if (verify(pki, certificate, now, &reason) && read_uuid(certificate, name->uuid, &reason) &&
		read_type(certificate, &name->type, &reason))
		return true;
	buf_printf(reasons, "%s%s", reasons->size ? "\n" : "", reason.message);
	return false;
}

bool marble_peer_read(const struct pki *pki, const struct http_request *request, int64_t now,
	struct marble_peer *name, struct error *err)
{
	AUTO(buf_free) struct buf reasons = { 0 };
	const STACK_OF(X509) *further = request->peer_chain;
	X509 *first = request->peer;
	if (!first)
		return error_set(err, ERROR_UNAUTHENTICATED,
			"unauthorized marble: client certificate did not match any Marble");
	bool found = try_certificate(pki, first, now, name, &reasons);
	for (int i = 0; !found && i < sk_X509_num(further); i++)
		found = try_certificate(pki, sk_X509_value(further, i), now, name, &reasons);
	return found ||
	       error_set(err, ERROR_UNAUTHENTICATED, "unauthorized marble: %s", buf_text(&reasons));
}
