/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates with quotes; the device is a folder of ordinary files, and its quote is any text. */
#include "unit.h"

#include "tls_peer.h"

#include "attest/cbor.h"
#include "attest/evidence.h"
#include "attest/ra_tls.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

static const char quote_text[] = "a quote";

struct enclave {
	char folder[32];
	struct credentials credentials;
};

static void put_file(const struct enclave *enclave, const char *name, const char *text)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", enclave->folder, name);
	struct error err = { 0 };
	assert_success(file_replace(path, text, strlen(text), 0600, &err), err);
}

static int set_up(void **state)
{
	struct enclave *enclave = xcalloc(1, sizeof(*enclave));
	strcpy(enclave->folder, "/tmp/test_ra_tls.XXXXXX");
	assert_non_null(mkdtemp(enclave->folder));
	put_file(enclave, "user_report_data", "");
	put_file(enclave, "quote", quote_text);
	enclave->credentials = make_credentials();
	*state = enclave;
	return 0;
}

static int tear_down(void **state)
{
	AUTO(auto_free) struct enclave *enclave = *state;
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", enclave->folder);
	free_credentials(&enclave->credentials);
	return system(command);
}

static void add(X509 *certificate, const char *oid, struct bytes value)
{
	X509_EXTENSION *extension = cert_extension(oid, false, value.data, value.size);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* SHA-256 of the key's SubjectPublicKeyInfo. */
static void hash_key(EVP_PKEY *key, uint8_t hash[SHA256_SIZE])
{
	AUTO(buf_free) struct buf spki = { 0 };
	assert_true(key_put_public(key, &spki, NULL));
	sha256(spki.data, spki.size, hash);
}

/* {"pubkey-hash": << [algorithm, digest] >>}, repeated `count` times, behind {"nonce": h'01'}. */
static struct buf claims_of(uint64_t algorithm, struct bytes digest, unsigned count)
{
	struct buf claims = { 0 };
	AUTO(buf_free) struct buf hash = { 0 };
	cbor_put(&hash, CBOR_ARRAY, 2);
	cbor_put(&hash, CBOR_UINT, algorithm);
	cbor_put_string(&hash, CBOR_BYTES, digest);
	cbor_put(&claims, CBOR_MAP, 1 + count);
	cbor_put_string(&claims, CBOR_TEXT, bytes_of_text("nonce"));
	cbor_put_string(&claims, CBOR_BYTES, (struct bytes){ "\x01", 1 });
	for (; count; count--) {
		cbor_put_string(&claims, CBOR_TEXT, bytes_of_text("pubkey-hash"));
		cbor_put_string(&claims, CBOR_BYTES, buf_bytes(&hash));
	}
	return claims;
}

static void both_extensions_are_made_and_the_standard_one_counts(void **state)
{
	struct enclave *enclave = *state;
	const struct credentials *credentials = &enclave->credentials;
	struct error err = { 0 };
	AUTO(auto_x509)
	X509 *made = ra_tls_issue(credentials->cert, credentials->key, enclave->folder, &err);
	assert_success(made, err);
	assert_int_equal(X509_verify(made, credentials->key), 1);
	struct ra_tls_proof proof;
	assert_success(ra_tls_find(made, &proof, &err), err);
	assert_true(bytes_equal(proof.quote, bytes_of_text(quote_text)));
	/* {"pubkey-hash": h'8201 5820…'}, byte by byte */
	uint8_t claims[1 + 12 + 2 + 4 + SHA256_SIZE] =
		"\xa1\x6bpubkey-hash\x58\x24\x82\x01\x58\x20";
	uint8_t expected[SGX_REPORT_DATA_SIZE] = { 0 };
	hash_key(credentials->key, claims + sizeof(claims) - SHA256_SIZE);
	sha256(claims, sizeof(claims), expected);
	assert_memory_equal(proof.report_data, expected, sizeof(expected));
}

static void the_older_extension_alone_is_over_the_key(void **state)
{
	struct enclave *enclave = *state;
	X509 *certificate = enclave->credentials.cert;
	uint8_t expected[SGX_REPORT_DATA_SIZE] = { 0 };
	struct ra_tls_proof proof;
	struct error err = { 0 };
	hash_key(enclave->credentials.key, expected);
	add(certificate, RA_TLS_QUOTE_OID, bytes_of_text(quote_text));
	assert_success(ra_tls_find(certificate, &proof, &err), err);
	assert_true(bytes_equal(proof.quote, bytes_of_text(quote_text)));
	assert_memory_equal(proof.report_data, expected, sizeof(expected));
}

static void a_certificate_without_any_has_none(void **state)
{
	struct enclave *enclave = *state;
	struct ra_tls_proof proof;
	struct error err = { 0 };
	assert_failure(ra_tls_find(enclave->credentials.cert, &proof, &err), err, ERROR_NOT_FOUND,
		"carries no quote");
}

static void an_extension_that_is_there_twice_is_refused(void **state)
{
	struct enclave *enclave = *state;
	static const char *const oids[] = { RA_TLS_QUOTE_OID, RA_TLS_EVIDENCE_OID };
	for (size_t i = 0; i < 2; i++) {
		AUTO(auto_x509) X509 *certificate = X509_dup(enclave->credentials.cert);
		struct ra_tls_proof proof;
		struct error err = { 0 };
		add(certificate, oids[i], bytes_of_text(quote_text));
		add(certificate, oids[i], bytes_of_text(quote_text));
		assert_failure(ra_tls_find(certificate, &proof, &err), err, ERROR_INVALID, "twice");
		assert_non_null(strstr(err.message, oids[i]));
	}
}

static void no_quote_no_certificate(void **state)
{
	struct enclave *enclave = *state;
	const struct credentials *credentials = &enclave->credentials;
	struct error err = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/quote", enclave->folder);
	assert_int_equal(unlink(path), 0);
	assert_failure(ra_tls_issue(credentials->cert, credentials->key, enclave->folder, &err),
		err, ERROR_UNAVAILABLE, "quote");
}

/* With an older extension that would do, beside it. */
static void bad_evidence_does_not_fall_back(void **state)
{
	struct enclave *enclave = *state;
	static const char *const wrong[] = { "", "\xd9\xea\x60\x82\x41q", quote_text };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		AUTO(auto_x509) X509 *certificate = X509_dup(enclave->credentials.cert);
		struct ra_tls_proof proof;
		struct error err = { 0 };
		add(certificate, RA_TLS_QUOTE_OID, bytes_of_text(quote_text));
		add(certificate, RA_TLS_EVIDENCE_OID, bytes_of_text(wrong[i]));
		assert_failure(ra_tls_find(certificate, &proof, &err), err, ERROR_INVALID,
			"the evidence in its certificate (2.23.133.5.4.9): it is not CBOR");
	}
}

static void evidence_of_another_key_is_refused(void **state)
{
	struct enclave *enclave = *state;
	struct credentials other = make_credentials();
	AUTO(buf_free) struct buf claims = { 0 };
	AUTO(buf_free) struct buf value = { 0 };
	struct ra_tls_proof proof;
	struct error err = { 0 };
	assert_true(evidence_put_claims(other.key, &claims, NULL));
	evidence_put(&value, &(struct evidence){ bytes_of_text(quote_text), buf_bytes(&claims) });
	add(enclave->credentials.cert, RA_TLS_EVIDENCE_OID, buf_bytes(&value));
	assert_failure(ra_tls_find(enclave->credentials.cert, &proof, &err), err, ERROR_DENIED,
		"its claims are about another key");
	free_credentials(&other);
}

static void only_the_exact_form_is_evidence(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
	} wrong[] = {
		{ "\xd9\xea\x61\x82\x41q\x41\x63", 8 },          /* another tag */
		{ "\x82\x41q\x41\x63", 5 },                      /* none */
		{ "\xd9\xea\x60\x83\x41q\x41\x63\x41\x63", 10 }, /* three items */
		{ "\xd9\xea\x60\x82\x61q\x41\x63", 8 },          /* a text */
		{ "\xd9\xea\x60\x82\x41q\x41\x63\x00", 9 },      /* more behind it */
		{ "\xd9\xea\x60\x82\x58\x01q\x41\x63", 9 },      /* a longer form */
		{ "\xd9\xea\x60\x9f\x41q\x41\x63\xff", 9 },      /* no length */
	};
	struct evidence evidence;
	struct error err = { 0 };
	struct bytes good = { "\xd9\xea\x60\x82\x41q\x41\x63", 8 };
	assert_success(evidence_read(good, &evidence, &err), err);
	assert_true(bytes_equal(evidence.quote, bytes_of_text("q")));
	assert_true(bytes_equal(evidence.claims, bytes_of_text("c")));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct bytes value = { wrong[i].bytes, wrong[i].size };
		assert_failure(evidence_read(value, &evidence, &err), err, ERROR_INVALID,
			"60000([quote, claims])");
	}
}

static void each_registered_hash_of_the_key_will_do(void **state)
{
	struct enclave *enclave = *state;
	EVP_PKEY *key = enclave->credentials.key;
	const struct {
		uint64_t number;
		const EVP_MD *algorithm;
	} hashes[] = { { 1, EVP_sha256() }, { 7, EVP_sha384() }, { 8, EVP_sha512() } };
	AUTO(buf_free) struct buf spki = { 0 };
	assert_true(key_put_public(key, &spki, NULL));
	for (size_t i = 0; i < 3; i++) {
		uint8_t digest[EVP_MAX_MD_SIZE];
		unsigned size;
		struct error err = { 0 };
		assert_int_equal(
			EVP_Digest(spki.data, spki.size, digest, &size, hashes[i].algorithm, NULL),
			1);
		AUTO(buf_free)
		struct buf claims = claims_of(hashes[i].number, (struct bytes){ digest, size }, 1);
		assert_success(evidence_check_key(buf_bytes(&claims), key, &err), err);
		AUTO(buf_free)
		struct buf cut = claims_of(hashes[i].number, (struct bytes){ digest, size - 1 }, 1);
		assert_failure(evidence_check_key(buf_bytes(&cut), key, &err), err, ERROR_DENIED,
			"another key");
	}
}

static void claims_that_are_ambiguous_or_unknown_are_refused(void **state)
{
	struct enclave *enclave = *state;
	EVP_PKEY *key = enclave->credentials.key;
	uint8_t hash[SHA256_SIZE];
	struct bytes digest = { hash, sizeof(hash) };
	struct error err = { 0 };
	hash_key(key, hash);
	AUTO(buf_free) struct buf none = claims_of(1, digest, 0);
	AUTO(buf_free) struct buf two = claims_of(1, digest, 2);
	AUTO(buf_free) struct buf truncated_sha256 = claims_of(2, digest, 1);
	AUTO(buf_free) struct buf longer = claims_of(1, digest, 1);
	buf_put_u8(&longer, 0);
	assert_failure(evidence_check_key(buf_bytes(&none), key, &err), err, ERROR_INVALID,
		"its claims have no pubkey-hash");
	assert_failure(evidence_check_key(buf_bytes(&two), key, &err), err, ERROR_INVALID,
		"more than one pubkey-hash");
	assert_failure(evidence_check_key(buf_bytes(&truncated_sha256), key, &err), err,
		ERROR_INVALID, "no SHA-256, SHA-384 or SHA-512");
	assert_failure(evidence_check_key(buf_bytes(&longer), key, &err), err, ERROR_INVALID,
		"no map of CBOR");
	assert_failure(
		evidence_check_key(
			(struct bytes){ "\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 9 }, key, &err),
		err, ERROR_INVALID, "no map of CBOR");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_extensions_are_made_and_the_standard_one_counts),
		TEST(the_older_extension_alone_is_over_the_key),
		TEST(a_certificate_without_any_has_none),
		TEST(an_extension_that_is_there_twice_is_refused),
		TEST(no_quote_no_certificate),
		TEST(bad_evidence_does_not_fall_back),
		TEST(evidence_of_another_key_is_refused),
		TEST(only_the_exact_form_is_evidence),
		TEST(each_registered_hash_of_the_key_will_do),
		TEST(claims_that_are_ambiguous_or_unknown_are_refused),
	};
	return cmocka_run_group_tests_name("ra_tls", tests, NULL, NULL);
}
