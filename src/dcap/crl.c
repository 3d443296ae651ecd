/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/crl.h"

#include "base/hex.h"
#include "crypto/pem.h"
#include "dcap/der.h"
#include "dcap/text.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool decode_pem(struct bytes text, struct buf *der, struct error *err)
{
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	AUTO(buf_free) struct buf second = { 0 };
	char label[PEM_LABEL_MAX];
	struct error end = { 0 };
	if (!pem_next(&reader, label, der, err))
		return false;
	if (strcmp(label, "X509 CRL") != 0 || pem_next(&reader, label, &second, &end) || end.kind ||
		reader.foreign_text)
		return error_set(
			err, ERROR_INVALID, "the PEM text is not one block \"X509 CRL\" alone");
	return true;
}

/* Brings the three encodings to DER, which is a SEQUENCE and so starts with 0x30. */
static bool decode(struct bytes data, struct buf *der, struct error *err)
{
	struct bytes text = text_without_end(data);
	if (text_starts_with(text, "-----BEGIN"))
		return decode_pem(text, der, err);
	if (text.size % 2 == 0 && hex_decode(der, text.data, text.size))
		return true;
	buf_put(der, data.data, data.size);
	return true;
}

static X509_CRL *read_der(struct bytes der, struct error *err)
{
	const uint8_t *next = der.data;
	AUTO(auto_x509_crl) X509_CRL *crl = NULL;
	if (der.size && der.size <= LONG_MAX)
		crl = d2i_X509_CRL(NULL, &next, (long)der.size);
	if (!crl || next != (const uint8_t *)der.data + der.size) {
		crypto_error(err, ERROR_INVALID, "neither PEM, DER nor hex of a CRL");
		return NULL;
	}
	return TAKE(crl);
}

/*
 * A critical extension changes what the list means (scope of an indirect CRL, base of a delta).
 * Genuine lists have none.
 */
static bool is_critical(const STACK_OF(X509_EXTENSION) * extensions)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(extensions, i)))
			return true;
	}
	return false;
}

static bool check_extensions(X509_CRL *crl, struct error *err)
{
	if (X509_CRL_get_ext_by_NID(crl, NID_crl_number, -1) < 0 ||
		X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) < 0)
		return error_set(
			err, ERROR_INVALID, "CRL number or authority key identifier is missing");
	bool is_special = is_critical(X509_CRL_get0_extensions(crl)) ||
			  X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0 ||
			  X509_CRL_get_ext_by_NID(crl, NID_issuing_distribution_point, -1) >= 0;
	const STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
	for (int i = 0; i < sk_X509_REVOKED_num(entries); i++)
		is_special |= is_critical(
			X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(entries, i)));
	if (is_special)
		return error_set(err, ERROR_INVALID,
			"delta CRLs, indirect CRLs and unknown critical extensions are refused");
	return true;
}

static bool takes_algorithm(struct reader *r)
{
	static const uint8_t ecdsa_with_sha256[] = { DER_OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3,
		2 };
	struct reader algorithm = der_take(r, DER_SEQUENCE);
	return algorithm.left == sizeof(ecdsa_with_sha256) &&
	       !memcmp(algorithm.next, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
}

/* The signature algorithm stands in the list and behind it; OpenSSL shows the second alone. */
static bool check_algorithms(struct bytes der, struct error *err)
{
	struct reader r = reader_of(der.data, der.size);
	struct reader crl = der_take(&r, DER_SEQUENCE);
	struct reader list = der_take(&crl, DER_SEQUENCE);
	der_take_uint(&list, DER_INTEGER, X509_CRL_VERSION_2);
	if (!takes_algorithm(&list) || !takes_algorithm(&crl))
		return error_set(err, ERROR_INVALID, "not signed by ecdsa-with-SHA256");
	return true;
}

static bool check_form(struct crl *out, struct error *err)
{
	if (X509_CRL_get_version(out->x509) != X509_CRL_VERSION_2)
		return error_set(err, ERROR_INVALID, "not version 2");
	if (!validity_read(X509_CRL_get0_lastUpdate(out->x509), X509_CRL_get0_nextUpdate(out->x509),
		    &out->validity))
		return error_set(err, ERROR_INVALID, "its dates are missing or unreadable");
	return check_extensions(out->x509, err);
}

bool crl_read(struct bytes data, struct crl *out, struct error *err)
{
	*out = (struct crl){ 0 };
	AUTO(buf_free) struct buf der = { 0 };
	if (data.size > CRL_MAX)
		return error_set(err, ERROR_INVALID, "longer than %d bytes", CRL_MAX);
	if (!decode(data, &der, err))
		return false;
	out->x509 = read_der(buf_bytes(&der), err);
	if (out->x509 && check_form(out, err) && check_algorithms(buf_bytes(&der), err))
		return true;
	crl_free(out);
	return false;
}

void crl_free(struct crl *crl)
{
	X509_CRL_free(crl->x509);
	*crl = (struct crl){ 0 };
}

bool crl_check_issuer(const struct crl *crl, const struct certificate *issuer, struct error *err)
{
	const char *name = certificate_role_name(issuer->role);
	if (!certificate_has_subject(issuer, X509_CRL_get_issuer(crl->x509)))
		return error_set(err, ERROR_DENIED, "it was not issued by \"%s\"", name);
	if (X509_CRL_verify(crl->x509, issuer->key) != 1) {
		ERR_clear_error();
		return error_set(err, ERROR_DENIED, "it is not signed by the key of \"%s\"", name);
	}
	return true;
}

bool crl_check_not_listed(
	const struct crl *crl, const struct certificate *certificate, struct error *err)
{
	X509_REVOKED *entry = NULL;
	/* compares serial numbers as integers; 0 means that there is no entry, whatever its reason
	 */
	if (X509_CRL_get0_by_serial(crl->x509, &entry, X509_get0_serialNumber(certificate->x509)) ==
		0)
		return true;
	return error_set(err, ERROR_DENIED, "the certificate \"%s\" is revoked",
		certificate_role_name(certificate->role));
}
