/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/certificate.h"

#include "dcap/der.h"

#include <string.h>

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

static bool reader_is(struct reader r, const char *text, size_t size)
{
	return !r.bad && r.left == size && !memcmp(r.next, text, size);
}

static bool find_role(struct bytes subject, enum certificate_role *role)
{
	static const char common_name_oid[] = "\x55\x04\x03";
	/* O, L, ST and C, which follow the common name in every subject */
	static const char rest[] = "\x31\x1a\x30\x18\x06\x03\x55\x04\x0a\x0c\x11"
				   "Intel Corporation"
				   "\x31\x14\x30\x12\x06\x03\x55\x04\x07\x0c\x0b"
				   "Santa Clara"
				   "\x31\x0b\x30\x09\x06\x03\x55\x04\x08\x0c\x02"
				   "CA"
				   "\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
				   "US";
	struct reader der = reader_of(subject.data, subject.size);
	struct reader parts = der_take(&der, DER_SEQUENCE);
	struct reader set = der_take(&parts, DER_SET);
	struct reader pair = der_take(&set, DER_SEQUENCE);
	struct reader oid = der_take(&pair, DER_OID);
	struct reader text = der_take(&pair, DER_UTF8_STRING);
	if (!reader_finished(&set) || !reader_finished(&pair) ||
		!reader_is(oid, common_name_oid, sizeof(common_name_oid) - 1) ||
		!reader_is(parts, rest, sizeof(rest) - 1))
		return false;
	for (size_t i = 0; i < ROLES; i++) {
		if (reader_is(text, role_names[i], strlen(role_names[i]))) {
			*role = (enum certificate_role)i;
			return true;
		}
	}
	return false;
}

bool certificate_issuer_role(
	const struct certificate *certificate, enum certificate_role *role, struct error *err)
{
	return find_role(certificate->issuer, role) ||
	       error_set(err, ERROR_INVALID, "\"%s\" has an issuer that is not one of Intel's",
		       role_names[certificate->role]);
}

static bool role_is_ca(enum certificate_role role)
{
	return role != CERTIFICATE_TCB_SIGNING && role != CERTIFICATE_PCK;
}

/* Explicit parameters could describe another curve, so the key must name P-256. */
static void take_key(struct reader *r, uint8_t point[P256_RAW_SIZE])
{
	static const uint8_t ec_on_p256[] = { DER_OID, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
		DER_OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	struct reader parts = der_take(r, DER_SEQUENCE);
	struct reader algorithm = der_take(&parts, DER_SEQUENCE);
	struct reader key = der_take(&parts, DER_BIT_STRING);
	uint8_t unused_bits = reader_u8(&key);
	uint8_t form = reader_u8(&key);
	reader_copy(&key, point, P256_RAW_SIZE);
	if (!reader_is(algorithm, (const char *)ec_on_p256, sizeof(ec_on_p256)) ||
		!reader_finished(&key) || !reader_finished(&parts) || unused_bits ||
		form != POINT_CONVERSION_UNCOMPRESSED)
		reader_fail(r);
}

/* Basic constraints: a CA or not, and how many CAs may stand below it. */
static bool constraints_fit(struct bytes value, enum certificate_role role)
{
	struct reader r = reader_of(value.data, value.size);
	struct reader parts = der_take(&r, DER_SEQUENCE);
	bool is_ca = parts.left && der_take_boolean(&parts);
	bool has_length = parts.left != 0;
	uint32_t length = has_length ? der_take_uint(&parts, DER_INTEGER, UINT8_MAX) : 0;
	if (!reader_finished(&r) || !reader_finished(&parts) || is_ca != role_is_ca(role))
		return false;
	return is_ca ? role == CERTIFICATE_ROOT || length == 0 : !has_length;
}

/* Key usage: a BIT STRING whose first bit is the highest of its first byte. */
static bool usage_fits(struct bytes value, enum certificate_role role)
{
	const uint8_t digital_signature = 0x80;
	const uint8_t cert_sign_and_crl_sign = 0x04 | 0x02;
	struct reader r = reader_of(value.data, value.size);
	struct reader bits = der_take(&r, DER_BIT_STRING);
	reader_u8(&bits); /* how many bits at the end are unused */
	uint8_t usage = reader_u8(&bits);
	uint8_t needed = role_is_ca(role) ? cert_sign_and_crl_sign : digital_signature;
	return reader_finished(&r) && !bits.bad && (usage & needed) == needed;
}

enum known_extension {
	EXTENSION_AUTHORITY_KEY_ID,
	EXTENSION_SUBJECT_KEY_ID,
	EXTENSION_DISTRIBUTION_POINTS,
	EXTENSION_KEY_USAGE,
	EXTENSION_BASIC_CONSTRAINTS,
	EXTENSION_SGX, /* the others are mandatory */
	EXTENSION_UNKNOWN,
};

static enum known_extension kind_of(const struct x509_extension *extension)
{
	static const uint8_t standard[] = {
		[EXTENSION_AUTHORITY_KEY_ID] = OID_AUTHORITY_KEY_ID,
		[EXTENSION_SUBJECT_KEY_ID] = OID_SUBJECT_KEY_ID,
		[EXTENSION_DISTRIBUTION_POINTS] = OID_CRL_DISTRIBUTION_POINTS,
		[EXTENSION_KEY_USAGE] = OID_KEY_USAGE,
		[EXTENSION_BASIC_CONSTRAINTS] = OID_BASIC_CONSTRAINTS,
	};
	/* 1.2.840.113741.1.13.1 */
	static const uint8_t sgx[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1 };
	if (bytes_equal(extension->oid, (struct bytes){ sgx, sizeof(sgx) }))
		return EXTENSION_SGX;
	size_t kind = 0;
	while (kind < sizeof(standard) && !x509_extension_is(extension, standard[kind]))
		kind++;
	return kind < sizeof(standard) ? (enum known_extension)kind : EXTENSION_UNKNOWN;
}

/* Keeps what is asked for later. */
static bool note_value(
	struct certificate *out, enum known_extension kind, struct bytes value, struct error *err)
{
	if (kind == EXTENSION_SGX)
		out->sgx_extension = value;
	if (kind == EXTENSION_SUBJECT_KEY_ID)
		out->subject_key_id = x509_subject_key_id(value);
	if (kind == EXTENSION_AUTHORITY_KEY_ID)
		out->authority_key_id = x509_authority_key_id(value);
	bool is_empty = (kind == EXTENSION_SUBJECT_KEY_ID && !out->subject_key_id.size) ||
			(kind == EXTENSION_AUTHORITY_KEY_ID && !out->authority_key_id.size);
	return !is_empty || error_set(err, ERROR_INVALID, "has an empty key identifier");
}

/* Takes one; false if its certificate must not be accepted with it. */
static bool check_extension(
	struct reader *r, struct certificate *out, bool seen[EXTENSION_UNKNOWN], struct error *err)
{
	struct x509_extension extension;
	x509_take_extension(r, &extension);
	enum known_extension kind = r->bad ? EXTENSION_UNKNOWN : kind_of(&extension);
	if (kind == EXTENSION_KEY_USAGE && !usage_fits(extension.value, out->role))
		return error_set(err, ERROR_INVALID, "has the wrong key usage");
	if (kind == EXTENSION_BASIC_CONSTRAINTS && !constraints_fit(extension.value, out->role))
		return error_set(err, ERROR_INVALID,
			"has wrong basic constraints: it must %sbe a CA%s",
			role_is_ca(out->role) ? "" : "not ",
			role_is_ca(out->role) ? " without further CAs below it" : "");
	if (extension.is_critical && kind != EXTENSION_KEY_USAGE &&
		kind != EXTENSION_BASIC_CONSTRAINTS)
		return error_set(
			err, ERROR_INVALID, "has a critical extension that is not understood");
	if (kind == EXTENSION_UNKNOWN)
		return true;
	if (seen[kind])
		return error_set(err, ERROR_INVALID, "has an extension twice");
	seen[kind] = true;
	return note_value(out, kind, extension.value, err);
}

static bool read_extensions(struct reader *r, struct certificate *out, struct error *err)
{
	static const char *const names[] = {
		[EXTENSION_AUTHORITY_KEY_ID] = "authority key identifier",
		[EXTENSION_SUBJECT_KEY_ID] = "subject key identifier",
		[EXTENSION_DISTRIBUTION_POINTS] = "CRL distribution points",
		[EXTENSION_KEY_USAGE] = "key usage",
		[EXTENSION_BASIC_CONSTRAINTS] = "basic constraints",
	};
	struct reader wrapped = der_take(r, DER_CONTEXT(3));
	struct reader list = der_take(&wrapped, DER_SEQUENCE);
	bool seen[EXTENSION_UNKNOWN] = { false };
	while (list.left) {
		if (!check_extension(&list, out, seen, err))
			return false;
	}
	if (!reader_finished(&list) || !reader_finished(&wrapped))
		return error_set(err, ERROR_INVALID, "has malformed extensions");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!seen[i])
			return error_set(
				err, ERROR_INVALID, "lacks the extension \"%s\"", names[i]);
	}
	return true;
}

/* The fields up to the subject, which tells the role. */
static bool read_head(struct reader *r, struct certificate *out, struct error *err)
{
	struct reader version = der_take(r, DER_CONTEXT(0));
	bool is_version_3 = der_take_uint(&version, DER_INTEGER, 2) == 2;
	out->serial = x509_take_serial(r);
	x509_take_algorithm(r);
	out->issuer = der_take_whole(r, DER_SEQUENCE);
	struct reader dates = der_take(r, DER_SEQUENCE);
	out->validity.start = x509_take_time(&dates);
	out->validity.end = x509_take_time(&dates);
	out->subject = der_take_whole(r, DER_SEQUENCE);
	if (r->bad || !reader_finished(&version) || !is_version_3 || !reader_finished(&dates))
		return error_set(err, ERROR_INVALID,
			"not an X.509 certificate of version 3 signed by ecdsa-with-SHA256");
	return find_role(out->subject, &out->role) ||
	       error_set(err, ERROR_INVALID,
		       "a certificate has a subject that is not one of Intel's SGX hierarchy");
}

static bool read_rest(struct reader *r, struct certificate *out, struct error *err)
{
	take_key(r, out->point);
	if (r->bad)
		return error_set(err, ERROR_INVALID, "has a key that is not on P-256");
	if (!read_extensions(r, out, err))
		return false;
	if (!reader_finished(r))
		return error_set(err, ERROR_INVALID, "has fields behind its extensions");
	return out->role == CERTIFICATE_ROOT || certificate_read_key(out, err);
}

bool certificate_read_key(struct certificate *certificate, struct error *err)
{
	certificate->key = p256_key_new(certificate->point, err);
	return certificate->key != NULL;
}

static bool read_fields(struct certificate *out, struct error *err)
{
	struct reader whole = reader_of(out->object.content.data, out->object.content.size);
	struct reader r = der_take(&whole, DER_SEQUENCE);
	return read_head(&r, out, err) &&
	       (read_rest(&r, out, err) ||
		       error_prefix(err, "the certificate \"%s\"", role_names[out->role]));
}

bool certificate_read(struct bytes der, struct certificate *out, struct error *err)
{
	*out = (struct certificate){ 0 };
	buf_put(&out->der, der.data, der.size);
	if (!x509_open(buf_bytes(&out->der), &out->object))
		error_set(
			err, ERROR_INVALID, "not an X.509 certificate signed by ecdsa-with-SHA256");
	else if (read_fields(out, err))
		return true;
	certificate_free(out);
	return false;
}

void certificate_free(struct certificate *certificate)
{
	buf_free(&certificate->der);
	p256_key_free(certificate->key);
	*certificate = (struct certificate){ 0 };
}

bool certificate_check_issuer(
	const struct certificate *certificate, const struct certificate *issuer, struct error *err)
{
	const char *name = role_names[certificate->role];
	const char *issuer_name = role_names[issuer->role];
	if (!bytes_equal(certificate->issuer, issuer->subject))
		return error_set(err, ERROR_DENIED,
			"the certificate \"%s\" does not name \"%s\" as its issuer", name,
			issuer_name);
	if (!x509_verify(&certificate->object, issuer->key))
		return error_set(err, ERROR_DENIED,
			"the certificate \"%s\" is not signed by the key of \"%s\"", name,
			issuer_name);
	return bytes_equal(certificate->authority_key_id, issuer->subject_key_id) ||
	       error_set(err, ERROR_DENIED,
		       "the certificate \"%s\" does not name the key of \"%s\" (authority key "
		       "identifier)",
		       name, issuer_name);
}

bool certificate_check_date(
	const struct certificate *certificate, int64_t now, const char *remedy, struct error *err)
{
	return validity_check(
		&certificate->validity, now, role_names[certificate->role], remedy, err);
}
