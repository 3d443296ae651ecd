/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/ra_tls.h"

#include "attest/evidence.h"
#include "attest/issuer.h"
#include "crypto/digest.h"

#include <string.h>

DEFINE_AUTO_FREE(auto_extension, X509_EXTENSION *, X509_EXTENSION_free)
DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)

static bool bind_key(EVP_PKEY *key, uint8_t report_data[SGX_REPORT_DATA_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf spki = { 0 };
	if (!key_put_public(key, &spki, err))
		return false;
	memset(report_data, 0, SGX_REPORT_DATA_SIZE);
	sha256(spki.data, spki.size, report_data);
	return true;
}

static bool add_extension(X509 *cert, const char *oid, const struct buf *value, struct error *err)
{
	AUTO(auto_extension)
	X509_EXTENSION *extension = cert_extension(oid, false, value->data, value->size);
	return (extension && X509_add_ext(cert, extension, -1) == 1) ||
	       crypto_error(err, ERROR_INTERNAL, "cannot put a quote into a certificate");
}

static bool add_quote(X509 *cert, EVP_PKEY *key, const char *folder, struct error *err)
{
	AUTO(buf_free) struct buf quote = { 0 };
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	return bind_key(key, report_data, err) &&
	       issuer_get_quote(folder, report_data, &quote, err) &&
	       add_extension(cert, RA_TLS_QUOTE_OID, &quote, err);
}

static bool add_evidence(X509 *cert, EVP_PKEY *key, const char *folder, struct error *err)
{
	AUTO(buf_free) struct buf claims = { 0 };
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(buf_free) struct buf value = { 0 };
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	if (!evidence_put_claims(key, &claims, err))
		return false;
	evidence_bind_claims(buf_bytes(&claims), report_data);
	if (!issuer_get_quote(folder, report_data, &quote, err))
		return false;
	const struct evidence evidence = { buf_bytes(&quote), buf_bytes(&claims) };
	evidence_put(&value, &evidence);
	return add_extension(cert, RA_TLS_EVIDENCE_OID, &value, err);
}

X509 *ra_tls_issue(X509 *like, EVP_PKEY *key, const char *attestation_folder, struct error *err)
{
	AUTO(auto_x509) X509 *cert = X509_dup(like);
	if (!cert) {
		crypto_error(err, ERROR_INTERNAL, "cannot copy a certificate");
		return NULL;
	}
	if (!add_quote(cert, key, attestation_folder, err) ||
		!add_evidence(cert, key, attestation_folder, err))
		return NULL;
	if (X509_sign(cert, key, key_digest(key)) <= 0) {
		crypto_error(err, ERROR_INTERNAL, "cannot sign a certificate");
		return NULL;
	}
	return TAKE(cert);
}

/* *value has no data if the certificate has no such extension. */
static bool find_extension(
	const X509 *certificate, const char *oid, struct bytes *value, struct error *err)
{
	AUTO(auto_object) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	*value = (struct bytes){ NULL, 0 };
	if (!object)
		return crypto_error(err, ERROR_INTERNAL, "cannot look for a quote");
	int index = X509_get_ext_by_OBJ(certificate, object, -1);
	if (index < 0)
		return true;
	if (X509_get_ext_by_OBJ(certificate, object, index) >= 0)
		return error_set(
			err, ERROR_INVALID, "its certificate has the extension %s twice", oid);
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(X509_get_ext(certificate, index));
	*value = (struct bytes){ ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data) };
	return true;
}

static bool use_evidence(
	struct bytes value, EVP_PKEY *key, struct ra_tls_proof *proof, struct error *err)
{
	struct evidence evidence;
	if (!evidence_read(value, &evidence, err) || !evidence_check_key(evidence.claims, key, err))
		return error_prefix(
			err, "the evidence in its certificate (%s)", RA_TLS_EVIDENCE_OID);
	proof->quote = evidence.quote;
	evidence_bind_claims(evidence.claims, proof->report_data);
	return true;
}

bool ra_tls_find(const X509 *certificate, struct ra_tls_proof *proof, struct error *err)
{
	struct bytes evidence;
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	if (!find_extension(certificate, RA_TLS_EVIDENCE_OID, &evidence, err) ||
		!find_extension(certificate, RA_TLS_QUOTE_OID, &proof->quote, err))
		return false;
	if (evidence.data)
		return use_evidence(evidence, key, proof, err);
	if (proof->quote.data)
		return bind_key(key, proof->report_data, err);
	return error_set(err, ERROR_NOT_FOUND, "its certificate carries no quote");
}
