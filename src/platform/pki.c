/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/pki.h"

#include "crypto/cert.h"
#include "crypto/p256.h"
#include "dcap/pck_extension.h"

#include <string.h>

#define KEY_ID_SIZE 20
#define CRL_NUMBER  1 /* Intel's never changes either */

DEFINE_AUTO_FREE(auto_octets, ASN1_OCTET_STRING *, ASN1_OCTET_STRING_free)
DEFINE_AUTO_FREE(auto_bits, ASN1_BIT_STRING *, ASN1_BIT_STRING_free)
DEFINE_AUTO_FREE(auto_integer, ASN1_INTEGER *, ASN1_INTEGER_free)
DEFINE_AUTO_FREE(auto_enumerated, ASN1_ENUMERATED *, ASN1_ENUMERATED_free)
DEFINE_AUTO_FREE(auto_time, ASN1_TIME *, ASN1_TIME_free)
DEFINE_AUTO_FREE(auto_constraints, BASIC_CONSTRAINTS *, BASIC_CONSTRAINTS_free)
DEFINE_AUTO_FREE(auto_akid, AUTHORITY_KEYID *, AUTHORITY_KEYID_free)
DEFINE_AUTO_FREE(auto_extension, X509_EXTENSION *, X509_EXTENSION_free)
DEFINE_AUTO_FREE(auto_points, CRL_DIST_POINTS *, CRL_DIST_POINTS_free)
DEFINE_AUTO_FREE(auto_revoked, X509_REVOKED *, X509_REVOKED_free)

/* The full name that Intel's certificates have, with the string types that they have. */
static X509_NAME *full_name(const char *common_name)
{
	static const struct {
		int nid;
		int type;
		const char *text;
	} rest[] = {
		{ NID_organizationName, V_ASN1_UTF8STRING, "Intel Corporation" },
		{ NID_localityName, V_ASN1_UTF8STRING, "Santa Clara" },
		{ NID_stateOrProvinceName, V_ASN1_UTF8STRING, "CA" },
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "US" },
	};
	X509_NAME *name = cert_name(common_name);
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		if (X509_NAME_add_entry_by_NID(name, rest[i].nid, rest[i].type,
			    (const uint8_t *)rest[i].text, -1, -1, 0) != 1)
			abort();
	}
	return name;
}

/* RFC 7093 method 1. Intel's identifiers are no SHA-1 of the key either. */
static bool key_id(EVP_PKEY *key, uint8_t id[KEY_ID_SIZE], struct error *err)
{
	uint8_t point[1 + P256_RAW_SIZE] = { POINT_CONVERSION_UNCOMPRESSED };
	uint8_t digest[SHA256_SIZE];
	if (!p256_put_point(key, point + 1, err))
		return false;
	sha256(point, sizeof(point), digest);
	memcpy(id, digest, KEY_ID_SIZE);
	return true;
}

static ASN1_OCTET_STRING *octets(const uint8_t *data, int size)
{
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
	if (!string || ASN1_OCTET_STRING_set(string, data, size) != 1)
		abort();
	return string;
}

static AUTHORITY_KEYID *authority_key_id(const uint8_t id[KEY_ID_SIZE])
{
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	if (!authority)
		abort();
	authority->keyid = octets(id, KEY_ID_SIZE);
	return authority;
}

static bool add(X509 *cert, int nid, void *value, bool critical)
{
	return X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

static bool add_authority_key_id(X509 *cert, const uint8_t id[KEY_ID_SIZE])
{
	AUTO(auto_akid) AUTHORITY_KEYID *authority = authority_key_id(id);
	return add(cert, NID_authority_key_identifier, authority, false);
}

static bool add_crl_url(X509 *cert, const char *url)
{
	AUTO(auto_points) CRL_DIST_POINTS *points = CRL_DIST_POINTS_new();
	DIST_POINT *point = DIST_POINT_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *address = ASN1_IA5STRING_new();
	if (!points || !point || !name || !address || sk_DIST_POINT_push(points, point) <= 0 ||
		ASN1_STRING_set(address, url, -1) != 1)
		abort();
	GENERAL_NAME_set0_value(name, GEN_URI, address);
	point->distpoint = DIST_POINT_NAME_new();
	if (!point->distpoint)
		abort();
	point->distpoint->type = 0;
	point->distpoint->name.fullname = sk_GENERAL_NAME_new_null();
	if (!point->distpoint->name.fullname ||
		sk_GENERAL_NAME_push(point->distpoint->name.fullname, name) <= 0)
		abort();
	return add(cert, NID_crl_distribution_points, points, false);
}

static bool add_subject_key_id(X509 *cert, const uint8_t id[KEY_ID_SIZE])
{
	AUTO(auto_octets) ASN1_OCTET_STRING *subject = octets(id, KEY_ID_SIZE);
	return add(cert, NID_subject_key_identifier, subject, false);
}

static bool add_key_usage(X509 *cert, bool is_ca)
{
	uint8_t usage =
		is_ca ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
	AUTO(auto_bits) ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	return bits && ASN1_BIT_STRING_set(bits, &usage, 1) == 1 &&
	       add(cert, NID_key_usage, bits, true);
}

static bool add_basic_constraints(X509 *cert, int path_length)
{
	AUTO(auto_constraints) BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	if (!constraints)
		return false;
	if (path_length != PKI_NO_CA) {
		constraints->ca = 0xff;
		constraints->pathlen = ASN1_INTEGER_new();
		if (ASN1_INTEGER_set(constraints->pathlen, path_length) != 1)
			return false;
	}
	return add(cert, NID_basic_constraints, constraints, true);
}

static bool add_sgx_extension(X509 *cert, struct bytes der)
{
	if (!der.size)
		return true;
	AUTO(auto_extension)
	X509_EXTENSION *extension = cert_extension(PCK_EXTENSION_OID, false, der.data, der.size);
	return extension && X509_add_ext(cert, extension, -1) == 1;
}

static bool set_serial(X509 *cert, const uint8_t bytes[KEY_ID_SIZE])
{
	AUTO(auto_bn) BIGNUM *number = BN_bin2bn(bytes, KEY_ID_SIZE, NULL);
	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
}

static bool fill(X509 *cert, const struct pki_request *request, const uint8_t id[KEY_ID_SIZE],
	const uint8_t issuer_id[KEY_ID_SIZE])
{
	AUTO(auto_x509_name) X509_NAME *subject = full_name(request->name);
	AUTO(auto_x509_name) X509_NAME *issuer = full_name(request->issuer);
	uint8_t serial[KEY_ID_SIZE];
	memcpy(serial, id, sizeof(serial));
	if (request->sgx_extension.size)
		random_bytes(serial, sizeof(serial));
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, serial) &&
	       ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)request->not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)request->not_after) &&
	       X509_set_subject_name(cert, subject) == 1 &&
	       X509_set_issuer_name(cert, issuer) == 1 &&
	       X509_set_pubkey(cert, request->key) == 1 && add_authority_key_id(cert, issuer_id) &&
	       add_crl_url(cert, request->crl_url) && add_subject_key_id(cert, id) &&
	       add_key_usage(cert, request->path_length != PKI_NO_CA) &&
	       add_basic_constraints(cert, request->path_length) &&
	       add_sgx_extension(cert, request->sgx_extension);
}

X509 *pki_issue(const struct pki_request *request, struct error *err)
{
	uint8_t id[KEY_ID_SIZE];
	uint8_t issuer_id[KEY_ID_SIZE];
	if (!key_id(request->key, id, err) || !key_id(request->issuer_key, issuer_id, err))
		return NULL;
	AUTO(auto_x509) X509 *cert = X509_new();
	if (!cert || !fill(cert, request, id, issuer_id) ||
		X509_sign(cert, request->issuer_key, EVP_sha256()) <= 0) {
		crypto_error(err, ERROR_INTERNAL, "cannot issue a certificate");
		return NULL;
	}
	return TAKE(cert);
}

static bool add_revoked(X509_CRL *crl, X509 *cert, const ASN1_TIME *when)
{
	AUTO(auto_revoked) X509_REVOKED *entry = X509_REVOKED_new();
	AUTO(auto_enumerated) ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	if (!entry || !reason || ASN1_ENUMERATED_set(reason, CRL_REASON_KEY_COMPROMISE) != 1 ||
		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) != 1 ||
		X509_REVOKED_set_revocationDate(entry, (ASN1_TIME *)when) != 1 ||
		X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, X509V3_ADD_APPEND) !=
			1 ||
		X509_CRL_add0_revoked(crl, entry) != 1)
		return false;
	entry = NULL; /* the CRL's now */
	return true;
}

static bool fill_crl(X509_CRL *crl, const char *issuer, const uint8_t issuer_id[KEY_ID_SIZE],
	int64_t this_update, int64_t next_update)
{
	AUTO(auto_x509_name) X509_NAME *name = full_name(issuer);
	AUTO(auto_time) ASN1_TIME *first = ASN1_TIME_set(NULL, (time_t)this_update);
	AUTO(auto_time) ASN1_TIME *last = ASN1_TIME_set(NULL, (time_t)next_update);
	AUTO(auto_integer) ASN1_INTEGER *number = ASN1_INTEGER_new();
	AUTO(auto_akid) AUTHORITY_KEYID *authority = authority_key_id(issuer_id);
	return first && last && number && ASN1_INTEGER_set(number, CRL_NUMBER) == 1 &&
	       X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	       X509_CRL_set_issuer_name(crl, name) == 1 &&
	       X509_CRL_set1_lastUpdate(crl, first) == 1 &&
	       X509_CRL_set1_nextUpdate(crl, last) == 1 &&
	       X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_APPEND) == 1 &&
	       X509_CRL_add1_ext_i2d(
		       crl, NID_authority_key_identifier, authority, 0, X509V3_ADD_APPEND) == 1;
}

bool pki_put_crl(struct buf *out, const char *issuer, EVP_PKEY *issuer_key, int64_t this_update,
	int64_t next_update, X509 *revoked, struct error *err)
{
	uint8_t issuer_id[KEY_ID_SIZE];
	if (!key_id(issuer_key, issuer_id, err))
		return false;
	AUTO(auto_x509_crl) X509_CRL *crl = X509_CRL_new();
	if (!crl || !fill_crl(crl, issuer, issuer_id, this_update, next_update) ||
		(revoked && !add_revoked(crl, revoked, X509_CRL_get0_lastUpdate(crl))) ||
		X509_CRL_sign(crl, issuer_key, EVP_sha256()) <= 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot issue a CRL");
	int size = i2d_X509_CRL(crl, NULL);
	if (size <= 0)
		return crypto_error(err, ERROR_INTERNAL, "cannot encode a CRL");
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_X509_CRL(crl, &next);
	return true;
}
