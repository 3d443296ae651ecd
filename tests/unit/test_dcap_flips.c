/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte of genuine quotes and collateral is changed, one at a time. Nothing may verify then,
 * but for changes that by a stated rule change nothing. Skipped where the data is not there.
 */
#include "unit.h"

#include "vectors.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "crypto/pem.h"
#include "dcap/chain.h"
#include "dcap/crl.h"
#include "dcap/signed_document.h"
#include "dcap/verify.h"
#include "sgx/quote.h"

#include <ctype.h>

/* One of each CA, and one of each version of TCB info. */
static const char *const vectors[] = { "sgx-v3-00606a000000-automata-2024",
	"sgx-v3-00a067110000-phala-2025" };

/* Each byte loses or gains another bit than its neighbours. */
static void flip(struct buf *data, size_t at)
{
	data->data[at] ^= (uint8_t)(1U << at % 8);
}

struct certificates {
	X509 *items[3];
	size_t count;
};

static void free_certificates(struct certificates *certs)
{
	for (size_t i = 0; i < certs->count; i++)
		X509_free(certs->items[i]);
}

/* The certificates of a quote; count 0 if it or they are malformed, or something is around them. */
static struct certificates decode_chain(struct bytes data)
{
	struct certificates certs = { 0 };
	struct sgx_quote quote;
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	if (!sgx_quote_parse(data, &quote, NULL))
		return certs;
	size_t nul = quote.cert_data.size &&
		     !((const char *)quote.cert_data.data)[quote.cert_data.size - 1];
	struct pem_reader reader = pem_reader_of(quote.cert_data.data, quote.cert_data.size - nul);
	while (certs.count < 3 && pem_next(&reader, label, &der, NULL)) {
		X509 *cert = cert_read(buf_bytes(&der), NULL);
		if (!cert || strcmp(label, "CERTIFICATE") != 0) {
			X509_free(cert);
			break;
		}
		certs.items[certs.count++] = cert;
	}
	bool is_whole =
		certs.count == 3 && !pem_next(&reader, label, &der, NULL) && !reader.foreign_text;
	if (!is_whole) {
		free_certificates(&certs);
		certs.count = 0;
	}
	return certs;
}

static bool is_named(const X509_NAME *name, const X509_NAME *expected)
{
	const uint8_t *a;
	const uint8_t *b;
	size_t a_size = 0;
	size_t b_size = 0;
	return X509_NAME_get0_der(name, &a, &a_size) == 1 &&
	       X509_NAME_get0_der(expected, &b, &b_size) == 1 && a_size == b_size &&
	       !memcmp(a, b, a_size);
}

/*
 * The rule for quotes. A change does not matter where the certificates stay what they are (white
 * space, the NUL at the end, unused bits of base64), and in the certificate of the root outside of
 * subject, issuer and key, which are all that is compared with the anchor.
 */
static bool may_still_verify(const struct buf *changed, const struct certificates *genuine)
{
	AUTO(free_certificates) struct certificates certs = decode_chain(buf_bytes(changed));
	if (!certs.count || X509_cmp(certs.items[0], genuine->items[0]) ||
		X509_cmp(certs.items[1], genuine->items[1]))
		return false;
	const X509 *root = certs.items[2];
	const X509_NAME *name = X509_get_subject_name(genuine->items[2]);
	return is_named(X509_get_subject_name(root), name) &&
	       is_named(X509_get_issuer_name(root), name) &&
	       EVP_PKEY_eq(X509_get0_pubkey(root), X509_get0_pubkey(genuine->items[2])) == 1;
}

static int64_t date_of(const char *name)
{
	json_t *expected = vectors_json("dcap/%s/expected.json", name);
	int64_t date = 0;
	assert_true(clock_parse_utc(
		json_string_value(json_object_get(expected, "verification_date")), &date));
	json_decref(expected);
	return date;
}

static void flip_quote(const char *name)
{
	AUTO(auto_free) char *folder = vectors_path("dcap/%s", name);
	AUTO(buf_free) struct buf quote = { 0 };
	struct dcap_verifier_config config = { .collateral_folder = folder };
	/* it never sees the genuine quote, so that it cannot take anything from its memory */
	struct dcap_verifier *verifier = dcap_verifier_new(&config, NULL);
	int64_t now = date_of(name);
	vectors_read(&quote, "dcap/%s/quote.bin", name);
	AUTO(free_certificates) struct certificates genuine = decode_chain(buf_bytes(&quote));
	assert_int_equal(genuine.count, 3);
	size_t harmless = 0;
	for (size_t i = 0; i < quote.size; i++) {
		AUTO(dcap_result_free) struct dcap_result result = { 0 };
		struct error err = { 0 };
		flip(&quote, i);
		bool good = dcap_verify(verifier, buf_bytes(&quote), now, &result, &err);
		if (good && !may_still_verify(&quote, &genuine))
			fail_msg("%s verifies although byte %zu was changed", name, i);
		if (!good && (!err.kind || !err.message[0]))
			fail_msg("%s, byte %zu: refused without a reason", name, i);
		harmless += good;
		flip(&quote, i);
	}
	/* the rule has cases, and they are few: some hundred characters of the root */
	assert_true(harmless > 0 && harmless < 900);
	dcap_verifier_free(verifier);
}

static void no_byte_of_a_quote_can_be_changed(void **state)
{
	(void)state;
	vectors_or_skip();
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		flip_quote(vectors[i]);
}

/* The signed files of one vector, and who signs them. */
struct signers {
	struct anchor anchor;
	struct chain pck_chain;
	struct chain signing_chain;
	const struct certificate *pck_ca;
	const struct certificate *tcb_signer;
};

static void signers_free(struct signers *signers)
{
	anchor_free(&signers->anchor);
	chain_free(&signers->pck_chain);
	chain_free(&signers->signing_chain);
}

static void signers_open(struct signers *s, const char *name)
{
	AUTO(buf_free) struct buf pck_chain = { 0 };
	AUTO(buf_free) struct buf signing_chain = { 0 };
	const struct certificate *pck;
	struct error err = { 0 };
	vectors_read(&pck_chain, "dcap/%s/pck_chain.pem", name);
	vectors_read(&signing_chain, "dcap/%s/tcb_info_issuer_chain.pem", name);
	*s = (struct signers){ 0 };
	assert_success(anchor_open(NULL, &s->anchor, &err), err);
	assert_success(chain_read(buf_bytes(&pck_chain), &s->pck_chain, &err), err);
	assert_success(chain_read(buf_bytes(&signing_chain), &s->signing_chain, &err), err);
	assert_success(chain_check_pck(&s->pck_chain, &s->anchor, &pck, &s->pck_ca, &err), err);
	assert_success(
		chain_check_signing(&s->signing_chain, &s->anchor, &s->tcb_signer, &err), err);
}

/* Is a document, or a CRL if member is NULL, which this certificate signed. */
static bool is_signed(
	const struct buf *content, const char *member, const struct certificate *signer)
{
	struct signed_document document;
	if (member)
		return signed_document_find(buf_bytes(content), member, &document, NULL) &&
		       signed_document_verify(&document, signer->key, NULL);
	AUTO(crl_free) struct crl crl = { 0 };
	return crl_read(buf_bytes(content), &crl, NULL) && crl_check_issuer(&crl, signer, NULL);
}

/* The rule for documents: a hex digit of the signature may be of either case. */
static bool is_case_of_digit(const struct buf *document, size_t at, uint8_t genuine)
{
	const char *signature = strstr(buf_text(document), "\"signature\":\"");
	size_t start = signature ? (size_t)(signature - buf_text(document)) + 13 : document->size;
	return at >= start && at < start + 128 && tolower(document->data[at]) == genuine;
}

static void flip_file(
	const char *vector, const char *file, const char *member, const struct certificate *signer)
{
	AUTO(buf_free) struct buf content = { 0 };
	vectors_read(&content, "dcap/%s/%s", vector, file);
	assert_true(is_signed(&content, member, signer));
	for (size_t i = 0; i < content.size; i++) {
		uint8_t genuine = content.data[i];
		flip(&content, i);
		bool matters = !member || !is_case_of_digit(&content, i, genuine);
		if (is_signed(&content, member, signer) == matters)
			fail_msg("%s/%s: byte %zu changed, %s", vector, file, i,
				matters ? "verifies" : "does not verify");
		flip(&content, i);
	}
}

static void no_byte_of_documents_and_crls_can_be_changed(void **state)
{
	(void)state;
	vectors_or_skip();
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		AUTO(signers_free) struct signers s;
		signers_open(&s, vectors[i]);
		flip_file(vectors[i], "tcb_info.json", "tcbInfo", s.tcb_signer);
		flip_file(vectors[i], "qe_identity.json", "enclaveIdentity", s.tcb_signer);
		flip_file(vectors[i], "pck.crl", NULL, s.pck_ca);
		flip_file(vectors[i], "root_ca.crl", NULL, &s.anchor.root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_byte_of_a_quote_can_be_changed),
		cmocka_unit_test(no_byte_of_documents_and_crls_can_be_changed),
	};
	return cmocka_run_group_tests_name("dcap flips", tests, NULL, NULL);
}
