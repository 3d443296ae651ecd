/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap_issue.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/cert.h"
#include "crypto/p256.h"
#include "dcap/der.h"

#include <string.h>

void issue_must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "test platform: %s failed\n", what);
	abort();
}

static X509_NAME *full_name(const char *common_name)
{
	static const struct {
		int nid;
		int type;
		const char *value;
	} rest[] = { { NID_organizationName, V_ASN1_UTF8STRING, "Intel Corporation" },
		{ NID_localityName, V_ASN1_UTF8STRING, "Santa Clara" },
		{ NID_stateOrProvinceName, V_ASN1_UTF8STRING, "CA" },
		{ NID_countryName, V_ASN1_PRINTABLESTRING, "US" } };
	X509_NAME *name = cert_name(NULL);
	MUST(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
		     (const uint8_t *)common_name, -1, -1, 0) == 1);
	for (size_t i = 0; i < 4; i++)
		MUST(X509_NAME_add_entry_by_NID(name, rest[i].nid, rest[i].type,
			     (const uint8_t *)rest[i].value, -1, -1, 0) == 1);
	return name;
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	if (!value)
		return;
	X509V3_set_ctx(&context, issuer ? issuer : cert, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	MUST(extension && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_raw_extension(
	X509 *cert, const char *oid, bool critical, const void *value, size_t size)
{
	X509_EXTENSION *extension = cert_extension(oid, critical, value, size);
	MUST(extension && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void set_serial(X509 *cert, const char *hex)
{
	BIGNUM *number = NULL;
	uint8_t bytes[20];
	random_bytes(bytes, sizeof(bytes));
	if (hex)
		MUST(BN_hex2bn(&number, hex) > 0);
	else
		MUST((number = BN_bin2bn(bytes, sizeof(bytes), NULL)) != NULL);
	MUST(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL);
	BN_free(number);
}

X509 *issue_certificate(const struct certificate_fields *fields)
{
	X509 *cert = X509_new();
	AUTO(auto_x509_name) X509_NAME *subject = full_name(fields->common_name);
	const X509_NAME *issuer = fields->issuer ? X509_get_subject_name(fields->issuer) : subject;
	MUST(X509_set_version(cert, X509_VERSION_3) == 1);
	set_serial(cert, fields->serial);
	MUST(X509_set_subject_name(cert, subject) == 1 && X509_set_issuer_name(cert, issuer) == 1);
	MUST(ASN1_TIME_set(X509_getm_notBefore(cert),
		     fields->start ? fields->start : PKI_NOW - PKI_DAY) != NULL);
	MUST(ASN1_TIME_set(X509_getm_notAfter(cert),
		     fields->end ? fields->end : PKI_NOW + PKI_DAY) != NULL);
	MUST(X509_set_pubkey(cert, fields->key) == 1);
	add_extension(cert, fields->issuer, NID_subject_key_identifier, "hash");
	add_extension(cert, fields->issuer, NID_authority_key_identifier, "keyid:always");
	add_extension(cert, NULL, NID_crl_distribution_points, fields->distribution_point);
	add_extension(cert, NULL, NID_key_usage, fields->key_usage);
	add_extension(cert, NULL, NID_basic_constraints, fields->constraints);
	if (fields->sgx_extension)
		add_raw_extension(cert, PCK_EXTENSION_OID, false, fields->sgx_extension->data,
			fields->sgx_extension->size);
	if (fields->critical_oid)
		add_raw_extension(cert, fields->critical_oid, true, "\x05\x00", 2);
	MUST(X509_sign(cert, fields->issuer_key,
		     fields->is_signed_by_sha384 ? EVP_sha384() : EVP_sha256()) > 0);
	return cert;
}

static void put_element(struct buf *out, uint8_t tag, struct bytes content)
{
	buf_put_u8(out, tag);
	if (content.size >= 0x80)
		buf_put_u8(out, content.size > 0xff ? 0x82 : 0x81);
	if (content.size > 0xff)
		buf_put_u8(out, (uint8_t)(content.size >> 8));
	buf_put_u8(out, (uint8_t)content.size);
	buf_put(out, content.data, content.size);
}

/* SEQUENCE (OID under the extension's, value); `list` is 0 for entries directly below it. */
static void put_entry(
	struct buf *out, uint8_t list, uint8_t number, uint8_t tag, const void *data, size_t size)
{
	AUTO(buf_free) struct buf pair = { 0 };
	uint8_t oid[11] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1 };
	size_t length = 9;
	if (list)
		oid[length++] = list;
	oid[length++] = number;
	put_element(&pair, DER_OID, (struct bytes){ oid, length });
	put_element(&pair, tag, (struct bytes){ data, size });
	put_element(out, DER_SEQUENCE, buf_bytes(&pair));
}

static void put_integer_entry(struct buf *out, uint8_t number, uint16_t value)
{
	uint8_t digits[3] = { 0, (uint8_t)(value >> 8), (uint8_t)value };
	size_t skipped = 0;
	while (skipped < 2 && !digits[skipped] && !(digits[skipped + 1] & 0x80))
		skipped++;
	put_entry(out, 2, number, DER_INTEGER, digits + skipped, 3 - skipped);
}

void issue_sgx_extension(struct buf *out, const struct pck_extension *platform)
{
	AUTO(buf_free) struct buf tcb = { 0 };
	AUTO(buf_free) struct buf configuration = { 0 };
	AUTO(buf_free) struct buf entries = { 0 };
	for (uint8_t i = 0; i < TCB_COMPONENTS; i++)
		put_integer_entry(&tcb, i + 1, platform->components[i]);
	put_integer_entry(&tcb, 17, platform->pce_svn);
	put_entry(&tcb, 2, 18, DER_OCTET_STRING, platform->components, TCB_COMPONENTS);
	put_entry(&entries, 0, 1, DER_OCTET_STRING, platform->ppid, 16);
	put_entry(&entries, 0, 2, DER_SEQUENCE, tcb.data, tcb.size);
	put_entry(&entries, 0, 3, DER_OCTET_STRING, platform->pce_id, PCK_PCE_ID_SIZE);
	put_entry(&entries, 0, 4, DER_OCTET_STRING, platform->fmspc, PCK_FMSPC_SIZE);
	put_entry(&entries, 0, 5, DER_ENUMERATED, platform->is_multi_package ? "\1" : "\0", 1);
	for (uint8_t i = 1; i <= 3; i++)
		put_entry(&configuration, 7, i, DER_BOOLEAN, i == 1 ? "\xff" : "\0", 1);
	if (platform->is_multi_package) {
		put_entry(&entries, 0, 6, DER_OCTET_STRING, "instance-number!", 16);
		put_entry(&entries, 0, 7, DER_SEQUENCE, configuration.data, configuration.size);
	}
	put_element(out, DER_SEQUENCE, buf_bytes(&entries));
}

static void add_revoked(X509_CRL *crl, const X509 *cert)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *date = ASN1_TIME_set(NULL, PKI_NOW - PKI_DAY);
	MUST(X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)X509_get0_serialNumber(cert)) ==
		1);
	MUST(X509_REVOKED_set_revocationDate(entry, date) == 1);
	MUST(X509_CRL_add0_revoked(crl, entry) == 1);
	ASN1_TIME_free(date);
}

static void set_crl_dates(X509_CRL *crl, const struct crl_fields *fields)
{
	ASN1_TIME *start = ASN1_TIME_set(NULL, fields->start ? fields->start : PKI_NOW - PKI_DAY);
	ASN1_TIME *end = ASN1_TIME_set(NULL, fields->end ? fields->end : PKI_NOW + PKI_DAY);
	MUST(X509_CRL_set1_lastUpdate(crl, start) == 1 && X509_CRL_set1_nextUpdate(crl, end) == 1);
	ASN1_TIME_free(start);
	ASN1_TIME_free(end);
}

static void add_further_extension(X509_CRL *crl, const struct crl_fields *fields)
{
	X509_EXTENSION *extension =
		cert_extension(fields->further_oid, fields->is_further_critical, "\x02\x01\x01", 3);
	MUST(extension && X509_CRL_add_ext(crl, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

void issue_crl(struct buf *out, const struct crl_fields *fields)
{
	AUTO(auto_x509_crl) X509_CRL *crl = X509_CRL_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509V3_CTX context;
	MUST(ASN1_INTEGER_set(number, 1) == 1 &&
		X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1);
	MUST(X509_CRL_set_issuer_name(crl, X509_get_subject_name(fields->issuer)) == 1);
	set_crl_dates(crl, fields);
	if (fields->revoked)
		add_revoked(crl, fields->revoked);
	MUST(fields->has_no_number ||
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1);
	if (fields->further_oid)
		add_further_extension(crl, fields);
	X509V3_set_ctx(&context, fields->issuer, NULL, NULL, crl, 0);
	X509_EXTENSION *key_id =
		X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	MUST(key_id && X509_CRL_add_ext(crl, key_id, -1) == 1);
	MUST(X509_CRL_sign(crl, fields->key, EVP_sha256()) > 0);
	int size = i2d_X509_CRL(crl, NULL);
	uint8_t *next = buf_extend(out, (size_t)size);
	MUST(i2d_X509_CRL(crl, &next) == size);
	X509_EXTENSION_free(key_id);
	ASN1_INTEGER_free(number);
}

void issue_document(struct buf *out, const char *name, struct bytes body, EVP_PKEY *key)
{
	uint8_t signature[P256_RAW_SIZE];
	MUST(p256_sign_raw(key, body, signature, NULL));
	buf_printf(out, "{\"%s\":", name);
	buf_put(out, body.data, body.size);
	buf_put_text(out, ",\"signature\":\"");
	hex_encode(out, signature, sizeof(signature));
	buf_put_text(out, "\"}");
}

void replace_once(struct buf *text, const char *old, const char *new)
{
	const char *start = buf_text(text);
	const char *found = strstr(start, old);
	MUST(found && !strstr(found + 1, old));
	AUTO(buf_free) struct buf changed = { 0 };
	buf_put(&changed, start, (size_t)(found - start));
	buf_put_text(&changed, new);
	buf_put_text(&changed, found + strlen(old));
	buf_free(text);
	*text = buf_take(&changed);
}
