/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/ra_tls.h"

#include "crypto/digest.h"

#include <string.h>

DEFINE_AUTO_FREE(auto_extension, X509_EXTENSION *, X509_EXTENSION_free)
DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)

bool ra_tls_bind_key(EVP_PKEY *key, uint8_t report_data[SGX_REPORT_DATA_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf spki = { 0 };
	if (!key_put_public(key, &spki, err))
		return false;
	memset(report_data, 0, SGX_REPORT_DATA_SIZE);
	sha256(spki.data, spki.size, report_data);
	return true;
}

X509 *ra_tls_issue(X509 *like, EVP_PKEY *key, struct bytes quote, struct error *err)
{
	AUTO(auto_x509) X509 *cert = X509_dup(like);
	AUTO(auto_extension)
	X509_EXTENSION *extension = cert_extension(RA_TLS_QUOTE_OID, false, quote.data, quote.size);
	if (cert && extension && X509_add_ext(cert, extension, -1) == 1 &&
		X509_sign(cert, key, key_digest(key)) > 0)
		return TAKE(cert);
	crypto_error(err, ERROR_INTERNAL, "cannot put a quote into a certificate");
	return NULL;
}

bool ra_tls_find_quote(const X509 *certificate, struct bytes *quote, struct error *err)
{
	AUTO(auto_object) ASN1_OBJECT *oid = OBJ_txt2obj(RA_TLS_QUOTE_OID, 1);
	int index = oid ? X509_get_ext_by_OBJ(certificate, oid, -1) : -1;
	if (index < 0)
		return error_set(err, ERROR_NOT_FOUND,
			"its certificate carries no quote: it is older than this check, runs in "
			"simulation mode, or is no Coordinator");
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, index));
	*quote = (struct bytes){ ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };
	return true;
}
