/* SPDX-License-Identifier: Apache-2.0 */
#include "simulated.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/pem.h"
#include "dcap/signed_document.h"
#include "platform/folder.h"
#include "platform/platform.h"

#include <stdio.h>
#include <string.h>

#define PCK_KEY    PLATFORM_PRIVATE "/pck_key.pem"
#define LOOK_AGAIN 3600000 /* milliseconds: nobody changes the platform meanwhile */

void simulated_must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz target: %s\n", what);
	abort();
}

static EVP_PKEY *load_key(const char *name)
{
	struct error err = { 0 };
	EVP_PKEY *key = platform_load_key(FUZZ_PLATFORM, name, &err);
	simulated_must(key != NULL, err.message);
	return key;
}

const struct anchor *simulated_anchor(void)
{
	static struct anchor anchor;
	struct error err = { 0 };
	simulated_must(anchor.root.der.size ||
			       anchor_open(FUZZ_PLATFORM "/" PLATFORM_ROOT_CA, &anchor, &err),
		err.message);
	return &anchor;
}

const struct chain *simulated_pck_chain(void)
{
	static struct chain chain;
	struct error err = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	if (chain.count)
		return &chain;
	simulated_must(platform_load(FUZZ_PLATFORM, PLATFORM_PCK, &pem, &err) &&
			       platform_load(FUZZ_PLATFORM, PLATFORM_CA, &pem, &err) &&
			       platform_load(FUZZ_PLATFORM, PLATFORM_ROOT_CA, &pem, &err) &&
			       chain_read(buf_bytes(&pem), &chain, &err),
		err.message);
	return &chain;
}

static void leave_open(struct collateral_source *source)
{
	(void)source;
}

struct collateral_source *simulated_source(void)
{
	static struct collateral_source *source;
	struct error err = { 0 };
	if (source)
		return source;
	source = collateral_source_of_folder(
		FUZZ_PLATFORM "/" PLATFORM_COLLATERAL, simulated_anchor(), LOOK_AGAIN, &err);
	simulated_must(source != NULL, err.message);
	source->close = leave_open;
	return source;
}

struct bytes simulated_quote(bool is_tdx)
{
	static struct buf quotes[2];
	struct error err = { 0 };
	struct buf *quote = &quotes[is_tdx];
	if (quote->size)
		return buf_bytes(quote);
	struct sgx_quote body = {
		.version = is_tdx ? SGX_QUOTE_VERSION_4 : SGX_QUOTE_VERSION_3,
		.is_tdx = is_tdx,
		.cert_type = SGX_CERT_TYPE_PCK_CHAIN,
	};
	struct platform *platform = platform_open(FUZZ_PLATFORM, &err);
	simulated_must(platform != NULL, err.message);
	platform_tee_tcb_svn(platform, body.td.tee_tcb_svn);
	simulated_must(platform_put_quote_of(platform, &body, quote, &err), err.message);
	platform_free(platform);
	return buf_bytes(quote);
}

static EVP_PKEY *issuer_key(enum certificate_role issuer)
{
	static EVP_PKEY *root;
	static EVP_PKEY *ca;
	root = root ? root : load_key(PLATFORM_ROOT_CA_KEY);
	ca = ca ? ca : load_key(PLATFORM_CA_KEY);
	return issuer == CERTIFICATE_ROOT ? root : ca;
}

/* With the length in its shortest form. */
static void put_element(struct buf *out, uint8_t tag, const struct buf *content)
{
	size_t size = content->size;
	buf_put_u8(out, tag);
	if (size > UINT16_MAX)
		buf_put_u8(out, 0x83);
	else if (size >= 0x80)
		buf_put_u8(out, size > UINT8_MAX ? 0x82 : 0x81);
	for (int shift = 16; shift > 0; shift -= 8) {
		if (size >> shift)
			buf_put_u8(out, (uint8_t)(size >> shift));
	}
	buf_put_u8(out, (uint8_t)size);
	buf_put(out, content->data, size);
}

void simulated_sign_der(struct bytes der, enum certificate_role issuer, struct buf *out)
{
	static const uint8_t ecdsa_with_sha256[] = { 0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		4, 3, 2 };
	AUTO(buf_free) struct buf parts = { 0 };
	AUTO(buf_free) struct buf bits = { 0 };
	struct x509_signed object;
	buf_put_u8(&bits, 0);
	if (!x509_open(der, &object)) {
		buf_put(out, der.data, der.size);
		return;
	}
	simulated_must(key_sign(issuer_key(issuer), EVP_sha256(), object.content, &bits, NULL),
		"no signature");
	buf_put(&parts, object.content.data, object.content.size);
	buf_put(&parts, ecdsa_with_sha256, sizeof(ecdsa_with_sha256));
	put_element(&parts, 0x03, &bits);
	put_element(out, 0x30, &parts);
}

void simulated_sign_chain(struct bytes pem, struct buf *out)
{
	struct pem_reader reader = pem_reader_of(pem.data, pem.size);
	char label[PEM_LABEL_MAX];
	AUTO(buf_free) struct buf der = { 0 };
	while (pem_next(&reader, label, &der, NULL)) {
		struct certificate certificate;
		AUTO(buf_free) struct buf signed_anew = { 0 };
		enum certificate_role issuer = CERTIFICATE_ROOT;
		if (certificate_read(buf_bytes(&der), &certificate, NULL)) {
			(void)certificate_issuer_role(&certificate, &issuer, NULL);
			certificate_free(&certificate);
		}
		simulated_sign_der(buf_bytes(&der), issuer, &signed_anew);
		pem_encode(out, label, buf_bytes(&signed_anew));
	}
}

void simulated_sign_document(struct bytes text, const char *name, struct buf *out)
{
	static EVP_PKEY *key;
	struct signed_document document;
	if (!signed_document_find(text, name, &document, NULL)) {
		buf_put(out, text.data, text.size);
		return;
	}
	key = key ? key : load_key(PLATFORM_TCB_SIGNING_KEY);
	simulated_must(p256_sign_raw(key, document.body, document.signature, NULL), "no signature");
	buf_printf(out, "{\"%s\":", name);
	buf_put(out, document.body.data, document.body.size);
	buf_put_text(out, ",\"signature\":\"");
	hex_encode(out, document.signature, sizeof(document.signature));
	buf_put_text(out, "\"}");
}

void simulated_sign_quote(const struct sgx_quote *quote, struct buf *out)
{
	static EVP_PKEY *keys[2];
	const char *name = quote->is_tdx ? PLATFORM_TD_ATTESTATION_KEY : PLATFORM_ATTESTATION_KEY;
	EVP_PKEY **key = &keys[quote->is_tdx];
	uint8_t signature[P256_RAW_SIZE];
	uint8_t point[P256_RAW_SIZE];
	struct sgx_quote signed_anew = *quote;
	*key = *key ? *key : load_key(name);
	simulated_must(p256_put_point(*key, point, NULL) &&
			       p256_sign_raw(*key, quote->signed_part, signature, NULL),
		"no signature");
	signed_anew.signature = signature;
	signed_anew.attestation_key = point;
	buf_put(out, quote->signed_part.data, quote->signed_part.size);
	sgx_quote_put_signature_data(out, &signed_anew);
}

void simulated_sign_qe_report(const struct sgx_quote *quote, struct buf *out)
{
	static EVP_PKEY *key;
	uint8_t signature[P256_RAW_SIZE];
	uint8_t report[SGX_REPORT_BODY_SIZE];
	uint8_t *report_data = report + SGX_REPORT_BODY_SIZE - SGX_REPORT_DATA_SIZE;
	AUTO(buf_free) struct buf bound = { 0 };
	struct sgx_quote signed_anew = *quote;
	buf_put(&bound, quote->attestation_key, P256_RAW_SIZE);
	buf_put(&bound, quote->qe_auth_data.data, quote->qe_auth_data.size);
	memcpy(report, quote->qe_report_part.data, sizeof(report));
	memset(report_data, 0, SGX_REPORT_DATA_SIZE);
	sha256(bound.data, bound.size, report_data);
	key = key ? key : load_key(PCK_KEY);
	signed_anew.qe_report_part = (struct bytes){ report, sizeof(report) };
	simulated_must(
		p256_sign_raw(key, signed_anew.qe_report_part, signature, NULL), "no signature");
	signed_anew.qe_report_signature = signature;
	buf_put(out, quote->signed_part.data, quote->signed_part.size);
	sgx_quote_put_signature_data(out, &signed_anew);
}
