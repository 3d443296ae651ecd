/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include "base/memory.h"
#include "crypto/pem.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)
DEFINE_AUTO_FREE(auto_octets, ASN1_OCTET_STRING *, ASN1_OCTET_STRING_free)
DEFINE_AUTO_FREE(auto_bits, ASN1_BIT_STRING *, ASN1_BIT_STRING_free)
DEFINE_AUTO_FREE(auto_constraints, BASIC_CONSTRAINTS *, BASIC_CONSTRAINTS_free)
DEFINE_AUTO_FREE(auto_akid, AUTHORITY_KEYID *, AUTHORITY_KEYID_free)

static bool set_serial(X509 *cert)
{
	uint8_t bytes[16];
	random_bytes(bytes, sizeof(bytes));
	AUTO(auto_bn) BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
}

static bool set_validity(X509 *cert, const struct cert_fields *fields)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)fields->not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)fields->not_after);
}

static bool add_i2d(X509 *cert, int nid, void *value, bool critical)
{
	return X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

static bool add_key_usage(X509 *cert, unsigned usage)
{
	/* RFC 5280 numbers the bits from the left; OpenSSL's KU_… keep the two bytes as stored */
	uint8_t bytes[2] = { (uint8_t)usage, (uint8_t)(usage >> 8) };
	AUTO(auto_bits) ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	return bits && ASN1_BIT_STRING_set(bits, bytes, sizeof(bytes)) == 1 &&
	       add_i2d(cert, NID_key_usage, bits, true);
}

static bool add_basic_constraints(X509 *cert, const struct cert_fields *fields)
{
	AUTO(auto_constraints) BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	if (!constraints)
		return false;
	constraints->ca = fields->is_ca ? 0xff : 0;
	if (fields->path_length) {
		constraints->pathlen = ASN1_INTEGER_new();
		if (!constraints->pathlen ||
			ASN1_INTEGER_set(constraints->pathlen, (long)*fields->path_length) != 1)
			return false;
	}
	return add_i2d(cert, NID_basic_constraints, constraints, true);
}

static bool add_subject_key_id(X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	AUTO(auto_octets) ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	return id && X509_pubkey_digest(cert, EVP_sha1(), digest, &size) == 1 &&
	       ASN1_OCTET_STRING_set(id, digest, (int)size) == 1 &&
	       add_i2d(cert, NID_subject_key_identifier, id, false);
}

static bool add_authority_key_id(X509 *cert, X509 *issuer)
{
	const ASN1_OCTET_STRING *issuer_id = X509_get0_subject_key_id(issuer);
	if (!issuer_id)
		return true;
	AUTO(auto_akid) AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	if (!id)
		return false;
	id->keyid = ASN1_OCTET_STRING_dup(issuer_id);
	return id->keyid && add_i2d(cert, NID_authority_key_identifier, id, false);
}

static bool add_further(X509 *cert, const STACK_OF(X509_EXTENSION) * extensions)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		if (X509_add_ext(cert, sk_X509_EXTENSION_value(extensions, i), -1) != 1)
			return false;
	}
	return true;
}

/* True if the caller brings this extension, so that it is not added a second time. */
static bool is_given(const struct cert_fields *fields, int nid)
{
	return X509v3_get_ext_by_NID(fields->extensions, nid, -1) >= 0;
}

static bool add_extensions(X509 *cert, const struct cert_fields *fields)
{
	bool usage = fields->key_usage && !is_given(fields, NID_key_usage);
	bool extended = fields->extended_usages && !is_given(fields, NID_ext_key_usage);
	bool constraints = !is_given(fields, NID_basic_constraints);
	bool own_id = fields->is_ca && !is_given(fields, NID_subject_key_identifier);
	bool issuer_id = fields->issuer && !is_given(fields, NID_authority_key_identifier);
	bool names = fields->alt_names && sk_GENERAL_NAME_num(fields->alt_names) > 0 &&
		     !is_given(fields, NID_subject_alt_name);
	return (!usage || add_key_usage(cert, fields->key_usage)) &&
	       (!extended ||
		       add_i2d(cert, NID_ext_key_usage, (void *)fields->extended_usages, false)) &&
	       (!constraints || add_basic_constraints(cert, fields)) &&
	       (!own_id || add_subject_key_id(cert)) &&
	       (!issuer_id || add_authority_key_id(cert, fields->issuer)) &&
	       (!names || add_i2d(cert, NID_subject_alt_name, (void *)fields->alt_names, false)) &&
	       (!fields->extensions || add_further(cert, fields->extensions));
}

X509 *cert_issue(const struct cert_fields *fields, struct error *err)
{
	AUTO(auto_x509) X509 *cert = X509_new();
	const X509_NAME *issuer =
		fields->issuer ? X509_get_subject_name(fields->issuer) : fields->subject;
	if (!cert || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
		!set_validity(cert, fields) || X509_set_subject_name(cert, fields->subject) != 1 ||
		X509_set_issuer_name(cert, issuer) != 1 ||
		X509_set_pubkey(cert, fields->key) != 1 || !add_extensions(cert, fields) ||
		X509_sign(cert, fields->issuer_key, key_digest(fields->issuer_key)) <= 0) {
		crypto_error(err, ERROR_INTERNAL, "cannot issue a certificate");
		return NULL;
	}
	return TAKE(cert);
}

EXTENDED_KEY_USAGE *cert_tls_usages(void)
{
	EXTENDED_KEY_USAGE *usages = sk_ASN1_OBJECT_new_null();
	if (!usages || sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_server_auth)) <= 0 ||
		sk_ASN1_OBJECT_push(usages, OBJ_nid2obj(NID_client_auth)) <= 0)
		abort();
	return usages;
}

X509_NAME *cert_name(const char *common_name)
{
	X509_NAME *name = X509_NAME_new();
	if (!name || (common_name && X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					     (const uint8_t *)common_name, -1, -1, 0) != 1))
		abort();
	return name;
}

void cert_add_general_name(GENERAL_NAMES *names, int type, const void *data, size_t size)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (!name || !value || ASN1_STRING_set(value, data, (int)size) != 1)
		abort();
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) <= 0)
		abort();
}

static bool is_printable_ascii(const char *text)
{
	for (; *text; text++) {
		if (*text <= 0x20 || *text >= 0x7f)
			return false;
	}
	return true;
}

bool cert_add_alt_name(GENERAL_NAMES *names, const char *text, struct error *err)
{
	uint8_t address[16];
	if (inet_pton(AF_INET, text, address) == 1)
		cert_add_general_name(names, GEN_IPADD, address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		cert_add_general_name(names, GEN_IPADD, address, 16);
	else if (is_printable_ascii(text))
		cert_add_general_name(names, GEN_DNS, text, strlen(text));
	else
		return error_set(
			err, ERROR_INVALID, "\"%s\" is neither a DNS name nor an IP", text);
	return true;
}

bool cert_add_alt_names(GENERAL_NAMES *names, const char *list, struct error *err)
{
	AUTO(auto_free) char *copy = xstrdup(list);
	char *rest = copy;
	for (char *text = strsep(&rest, ","); text; text = strsep(&rest, ",")) {
		if (*text && !cert_add_alt_name(names, text, err))
			return false;
	}
	return true;
}

X509_EXTENSION *cert_extension(const char *oid, bool critical, const void *value, size_t size)
{
	AUTO(auto_object) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	AUTO(auto_octets) ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	if (!object || !octets || size > INT_MAX ||
		ASN1_OCTET_STRING_set(octets, value, (int)size) != 1)
		return NULL;
	return X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
}

X509 *cert_read(struct bytes der, struct error *err)
{
	const uint8_t *next = der.data;
	AUTO(auto_x509) X509 *cert = NULL;
	if (der.size <= LONG_MAX)
		cert = d2i_X509(NULL, &next, (long)der.size);
	if (!cert || next != (const uint8_t *)der.data + der.size) {
		crypto_error(err, ERROR_INVALID, "not an X.509 certificate");
		return NULL;
	}
	return TAKE(cert);
}

X509 *cert_read_pem(struct bytes text, struct error *err)
{
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	struct error inner = { 0 };
	while (pem_next(&reader, label, &der, &inner)) {
		if (!strcmp(label, "CERTIFICATE"))
			return cert_read(buf_bytes(&der), err);
	}
	error_set(err, ERROR_INVALID, "%s",
		inner.kind ? inner.message : "no PEM block \"CERTIFICATE\"");
	return NULL;
}

void cert_put_der(X509 *cert, struct buf *out)
{
	int size = i2d_X509(cert, NULL);
	if (size <= 0)
		abort();
	uint8_t *next = buf_extend(out, (size_t)size);
	i2d_X509(cert, &next);
}

void cert_put_pem(X509 *cert, struct buf *out)
{
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(cert, &der);
	pem_encode(out, "CERTIFICATE", buf_bytes(&der));
}
