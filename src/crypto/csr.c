/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/csr.h"

#include <limits.h>
#include <openssl/asn1t.h>
#include <openssl/err.h>

/*
 * OpenSSL's own X509_REQ decodes the public key at once, which in 3.0 takes longer than verifying
 * with it. This is the same structure but for the key, which stays as it came.
 */
struct csr_body {
	ASN1_INTEGER *version;
	X509_NAME *subject;
	ASN1_STRING *key; /* SubjectPublicKeyInfo */
	STACK_OF(X509_ATTRIBUTE) * attributes;
	ASN1_ENCODING encoding; /* the bytes that are signed */
};

struct csr {
	struct csr_body *body;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

static const ASN1_AUX csr_body_aux = {
	.flags = ASN1_AFLG_ENCODING,
	.enc_offset = offsetof(struct csr_body, encoding),
};

/* clang-format off */
ASN1_SEQUENCE(csr_body) = {
	ASN1_SIMPLE(struct csr_body, version, ASN1_INTEGER),
	ASN1_SIMPLE(struct csr_body, subject, X509_NAME),
	ASN1_SIMPLE(struct csr_body, key, ASN1_SEQUENCE),
	ASN1_IMP_SET_OF_OPT(struct csr_body, attributes, X509_ATTRIBUTE, 0),
	/* cppcheck-suppress unknownMacro ; of openssl/asn1t.h */
} static_ASN1_SEQUENCE_END_cb(struct csr_body, csr_body)

ASN1_SEQUENCE(csr) = {
	ASN1_SIMPLE(struct csr, body, csr_body),
	ASN1_SIMPLE(struct csr, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct csr, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct csr, csr)
/* clang-format on */

static void extensions_free(STACK_OF(X509_EXTENSION) * extensions)
{
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

DEFINE_AUTO_FREE(auto_extensions, STACK_OF(X509_EXTENSION) *, extensions_free)

static struct bytes bytes_of(const ASN1_STRING *string)
{
	return (struct bytes){ ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string) };
}

static bool is_key_of(struct bytes key, X509 *holder)
{
	AUTO(buf_free) struct buf own = { 0 };
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(holder), NULL);
	if (size <= 0)
		return false;
	uint8_t *next = buf_extend(&own, (size_t)size);
	i2d_X509_PUBKEY(X509_get_X509_PUBKEY(holder), &next);
	return bytes_equal(buf_bytes(&own), key);
}

static EVP_PKEY *take_key(struct bytes der, X509 *holder)
{
	const uint8_t *next = der.data;
	return holder && is_key_of(der, holder) ? X509_get_pubkey(holder)
						: d2i_PUBKEY(NULL, &next, (long)der.size);
}

static bool check_signature(const struct csr *csr, X509 *holder)
{
	AUTO(auto_pkey) EVP_PKEY *key = take_key(bytes_of(csr->body->key), holder);
	return key && ASN1_item_verify(ASN1_ITEM_rptr(csr_body), csr->algorithm, csr->signature,
			      csr->body, key) == 1;
}

struct csr *csr_read(struct bytes der, X509 *holder, struct error *err)
{
	const uint8_t *next = der.data;
	AUTO(auto_csr) struct csr *csr = NULL;
	if (der.size <= LONG_MAX)
		csr = (struct csr *)ASN1_item_d2i(NULL, &next, (long)der.size, ASN1_ITEM_rptr(csr));
	if (!csr || next != (const uint8_t *)der.data + der.size) {
		crypto_error(err, ERROR_INTERNAL, "parsing CSR");
		return NULL;
	}
	if (!check_signature(csr, holder)) {
		ERR_clear_error();
		error_set(err, ERROR_INTERNAL, "signature over CSR is invalid");
		return NULL;
	}
	return TAKE(csr);
}

void csr_free(struct csr *csr)
{
	ASN1_item_free((ASN1_VALUE *)csr, ASN1_ITEM_rptr(csr));
}

const X509_NAME *csr_subject(const struct csr *csr)
{
	return csr->body->subject;
}

/* Those of the attribute extensionRequest, if there is one and it has the right form. */
static STACK_OF(X509_EXTENSION) * asked_extensions(const struct csr *csr)
{
	const STACK_OF(X509_ATTRIBUTE) *attributes = csr->body->attributes;
	int at = X509at_get_attr_by_NID(attributes, NID_ext_req, -1);
	ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(X509at_get_attr(attributes, at), 0);
	if (!value || ASN1_TYPE_get(value) != V_ASN1_SEQUENCE)
		return NULL;
	struct bytes der = bytes_of(value->value.sequence);
	const uint8_t *next = der.data;
	return d2i_X509_EXTENSIONS(NULL, &next, (long)der.size);
}

GENERAL_NAMES *csr_alt_names(const struct csr *csr)
{
	AUTO(auto_extensions) STACK_OF(X509_EXTENSION) *extensions = asked_extensions(csr);
	return X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
}
