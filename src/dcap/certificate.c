/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/certificate.h"

#include "crypto/cert.h"
#include "dcap/der.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)
DEFINE_AUTO_FREE(auto_constraints, BASIC_CONSTRAINTS *, BASIC_CONSTRAINTS_free)

static const char *const role_names[] = {
	[CERTIFICATE_ROOT] = "Intel SGX Root CA",
	[CERTIFICATE_PROCESSOR_CA] = "Intel SGX PCK Processor CA",
	[CERTIFICATE_PLATFORM_CA] = "Intel SGX PCK Platform CA",
	[CERTIFICATE_TCB_SIGNING] = "Intel SGX TCB Signing",
	[CERTIFICATE_PCK] = "Intel SGX PCK Certificate",
};

#define ROLES (sizeof(role_names) / sizeof(role_names[0]))

const char *certificate_role_name(enum certificate_role role)
{
	return role_names[role];
}

/* What follows the common name in every subject: O, L, ST and C, as DER. */
static const char subject_tail[] = "\x31\x1a\x30\x18\x06\x03\x55\x04\x0a\x0c\x11"
				   "Intel Corporation"
				   "\x31\x14\x30\x12\x06\x03\x55\x04\x07\x0c\x0b"
				   "Santa Clara"
				   "\x31\x0b\x30\x09\x06\x03\x55\x04\x08\x0c\x02"
				   "CA"
				   "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
				   "US";
static const char common_name_oid[] = "\x55\x04\x03";

static bool reader_is(struct reader r, const char *text, size_t size)
{
	return !r.bad && r.left == size && !memcmp(r.next, text, size);
}

static struct reader name_der(const X509_NAME *name)
{
	const uint8_t *der = NULL;
	size_t size = 0;
	if (X509_NAME_get0_der(name, &der, &size) != 1)
		return (struct reader){ .bad = true };
	return reader_of(der, size);
}

static bool find_role(X509 *x509, enum certificate_role *role)
{
	struct reader der = name_der(X509_get_subject_name(x509));
	struct reader parts = der_take(&der, DER_SEQUENCE);
	struct reader set = der_take(&parts, DER_SET);
	struct reader pair = der_take(&set, DER_SEQUENCE);
	struct reader oid = der_take(&pair, DER_OID);
	struct reader text = der_take(&pair, DER_UTF8_STRING);
	if (!reader_finished(&der) || !reader_finished(&set) || !reader_finished(&pair) ||
		!reader_is(oid, common_name_oid, sizeof(common_name_oid) - 1) ||
		!reader_is(parts, subject_tail, sizeof(subject_tail) - 1))
		return false;
	for (size_t i = 0; i < ROLES; i++) {
		if (reader_is(text, role_names[i], strlen(role_names[i]))) {
			*role = (enum certificate_role)i;
			return true;
		}
	}
	return false;
}

static bool role_is_ca(enum certificate_role role)
{
	return role != CERTIFICATE_TCB_SIGNING && role != CERTIFICATE_PCK;
}

static bool check_algorithm(const X509 *x509, struct error *err)
{
	const ASN1_OBJECT *inner = NULL;
	X509_ALGOR_get0(&inner, NULL, NULL, X509_get0_tbs_sigalg(x509));
	if (X509_get_signature_nid(x509) != NID_ecdsa_with_SHA256 ||
		OBJ_obj2nid(inner) != NID_ecdsa_with_SHA256)
		return error_set(err, ERROR_INVALID, "is not signed by ecdsa-with-SHA256");
	return true;
}

/* The key must name its curve: explicit parameters could describe another one. */
static bool read_key(struct certificate *out, struct error *err)
{
	ASN1_OBJECT *algorithm = NULL;
	const uint8_t *encoded = NULL;
	int size = 0;
	X509_ALGOR *parameters = NULL;
	const ASN1_OBJECT *ignored = NULL;
	int type = V_ASN1_UNDEF;
	const void *curve = NULL;
	X509_PUBKEY *info = X509_get_X509_PUBKEY(out->x509);
	if (X509_PUBKEY_get0_param(&algorithm, &encoded, &size, &parameters, info) != 1)
		return crypto_error(err, ERROR_INVALID, "has no readable key");
	X509_ALGOR_get0(&ignored, &type, &curve, parameters);
	if (OBJ_obj2nid(algorithm) != NID_X9_62_id_ecPublicKey || type != V_ASN1_OBJECT ||
		OBJ_obj2nid(curve) != NID_X9_62_prime256v1 || size != 1 + P256_RAW_SIZE ||
		encoded[0] != POINT_CONVERSION_UNCOMPRESSED)
		return error_set(err, ERROR_INVALID, "has a key that is not on P-256");
	memcpy(out->point, encoded + 1, P256_RAW_SIZE);
	out->key = p256_read_point(out->point, err);
	return out->key != NULL;
}

static bool check_extensions(X509 *x509, struct error *err)
{
	static const int mandatory[] = { NID_authority_key_identifier, NID_crl_distribution_points,
		NID_subject_key_identifier, NID_key_usage, NID_basic_constraints };
	for (size_t i = 0; i < sizeof(mandatory) / sizeof(mandatory[0]); i++) {
		int first = X509_get_ext_by_NID(x509, mandatory[i], -1);
		if (first < 0 || X509_get_ext_by_NID(x509, mandatory[i], first) >= 0)
			return error_set(err, ERROR_INVALID,
				"does not have exactly one extension \"%s\"",
				OBJ_nid2ln(mandatory[i]));
	}
	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(x509, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
		if (X509_EXTENSION_get_critical(extension) && nid != NID_key_usage &&
			nid != NID_basic_constraints)
			return error_set(err, ERROR_INVALID,
				"has a critical extension that is not understood");
	}
	return true;
}

static bool check_constraints(X509 *x509, enum certificate_role role, struct error *err)
{
	AUTO(auto_constraints)
	BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(x509, NID_basic_constraints, NULL, NULL);
	if (!constraints)
		return crypto_error(err, ERROR_INVALID, "has unreadable basic constraints");
	if ((constraints->ca != 0) != role_is_ca(role))
		return error_set(
			err, ERROR_INVALID, "%s a CA", role_is_ca(role) ? "is not" : "must not be");
	bool is_intermediate = role_is_ca(role) && role != CERTIFICATE_ROOT;
	if (is_intermediate && constraints->pathlen && ASN1_INTEGER_get(constraints->pathlen) != 0)
		return error_set(err, ERROR_INVALID, "allows further CAs below it");
	uint32_t needed = role_is_ca(role) ? KU_KEY_CERT_SIGN | KU_CRL_SIGN : KU_DIGITAL_SIGNATURE;
	if ((X509_get_key_usage(x509) & needed) != needed)
		return error_set(err, ERROR_INVALID, "has the wrong key usage");
	return true;
}

static bool read_fields(struct certificate *out, struct error *err)
{
	if (X509_get_version(out->x509) != X509_VERSION_3)
		return error_set(err, ERROR_INVALID, "is not of X.509 version 3");
	if (!validity_read(
		    X509_get0_notBefore(out->x509), X509_get0_notAfter(out->x509), &out->validity))
		return error_set(err, ERROR_INVALID, "has unreadable dates");
	return check_algorithm(out->x509, err) && read_key(out, err) &&
	       check_extensions(out->x509, err) && check_constraints(out->x509, out->role, err);
}

bool certificate_read(struct bytes der, struct certificate *out, struct error *err)
{
	*out = (struct certificate){ .x509 = cert_read(der, err) };
	if (!out->x509)
		return false;
	bool good = find_role(out->x509, &out->role);
	if (!good)
		error_set(err, ERROR_INVALID,
			"a certificate has a subject that is not one of Intel's SGX hierarchy");
	else if (!(good = read_fields(out, err)))
		error_prefix(err, "the certificate \"%s\"", role_names[out->role]);
	if (!good)
		certificate_free(out);
	return good;
}

void certificate_free(struct certificate *certificate)
{
	X509_free(certificate->x509);
	EVP_PKEY_free(certificate->key);
	*certificate = (struct certificate){ 0 };
}

bool certificate_has_subject(const struct certificate *certificate, const X509_NAME *name)
{
	struct reader subject = name_der(X509_get_subject_name(certificate->x509));
	return !subject.bad && reader_is(name_der(name), (const char *)subject.next, subject.left);
}

bool certificate_check_issuer(
	const struct certificate *certificate, const struct certificate *issuer, struct error *err)
{
	const char *name = role_names[certificate->role];
	const char *issuer_name = role_names[issuer->role];
	if (!certificate_has_subject(issuer, X509_get_issuer_name(certificate->x509)))
		return error_set(err, ERROR_DENIED,
			"the certificate \"%s\" does not name \"%s\" as its issuer", name,
			issuer_name);
	if (X509_verify(certificate->x509, issuer->key) != 1) {
		ERR_clear_error();
		return error_set(err, ERROR_DENIED,
			"the certificate \"%s\" is not signed by the key of \"%s\"", name,
			issuer_name);
	}
	return true;
}

bool certificate_check_date(const struct certificate *certificate, int64_t now, struct error *err)
{
	return validity_check(
		&certificate->validity, now, role_names[certificate->role], NULL, err);
}

bool certificate_put_extension(
	const struct certificate *certificate, const char *oid, struct buf *out, struct error *err)
{
	AUTO(auto_object) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int first = X509_get_ext_by_OBJ(certificate->x509, object, -1);
	if (first < 0 || X509_get_ext_by_OBJ(certificate->x509, object, first) >= 0)
		return error_set(err, ERROR_INVALID,
			"the certificate \"%s\" does not have exactly one extension %s",
			role_names[certificate->role], oid);
	const ASN1_OCTET_STRING *value =
		X509_EXTENSION_get_data(X509_get_ext(certificate->x509, first));
	buf_put(out, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	return true;
}
