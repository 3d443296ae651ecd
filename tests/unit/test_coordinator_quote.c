/* SPDX-License-Identifier: Apache-2.0 */
/* What the premain makes of answers of client APIs, and of the certificates in them. */
#include "unit.h"

#include "tls_peer.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "premain/coordinator_quote.h"

/* A certificate for the key, issued by another. NULL for `issuer`: by itself. */
static X509 *issue(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool is_ca)
{
	AUTO(auto_x509_name) X509_NAME *name = cert_name("test");
	const struct cert_fields fields = { .key = key,
		.subject = name,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.not_before = clock_now(),
		.not_after = clock_now() + 3600,
		.key_usage = KU_KEY_CERT_SIGN,
		.is_ca = is_ca };
	X509 *made = cert_issue(&fields, NULL);
	assert_non_null(made);
	return made;
}

struct authority {
	EVP_PKEY *root_key;
	EVP_PKEY *key;
	struct ca_pair certs;
};

static int set_up(void **state)
{
	struct authority *authority = calloc(1, sizeof(*authority));
	assert_non_null(authority);
	authority->root_key = key_generate_ec(256, NULL);
	authority->key = key_generate_ec(256, NULL);
	X509 *root = issue(authority->root_key, NULL, authority->root_key, true);
	authority->certs.root = root;
	authority->certs.intermediate = issue(authority->key, root, authority->root_key, true);
	*state = authority;
	return 0;
}

static int tear_down(void **state)
{
	struct authority *authority = *state;
	EVP_PKEY_free(authority->root_key);
	EVP_PKEY_free(authority->key);
	ca_pair_free(&authority->certs);
	free(authority);
	return 0;
}

/* {"status":"success","data":{…}}, where %s of the format is the chain as a JSON text. */
static struct buf answer_of(const struct authority *authority, const char *format)
{
	struct buf answer = { 0 };
	AUTO(buf_free) struct buf chain = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	ca_pair_put(&authority->certs, &chain);
	json_text_put(&text, buf_text(&chain), chain.size);
	buf_put_text(&answer, "{\"status\":\"success\",\"data\":{");
	buf_printf(&answer, format, buf_text(&text));
	buf_put_text(&answer, "}}");
	return answer;
}

static void both_generations_of_the_api_are_understood(void **state)
{
	const struct authority *authority = *state;
	static const char *const formats[] = { "\"cert\":%s,\"quote\":\"cXVvdGU=\"",
		"\"Cert\":%s,\"Quote\":\"cXVvdGU=\"",
		"\"new\":1,\"cert\":%s,\"quote\":\"cXVvdGU=\"" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		AUTO(buf_free) struct buf answer = answer_of(authority, formats[i]);
		AUTO(coordinator_quote_free) struct coordinator_quote quote = { 0 };
		struct error err = { 0 };
		assert_success(coordinator_quote_read(buf_bytes(&answer), &quote, &err), err);
		assert_string_equal(buf_text(&quote.quote), "quote");
		assert_int_equal(X509_cmp(quote.certs.root, authority->certs.root), 0);
		assert_int_equal(
			X509_cmp(quote.certs.intermediate, authority->certs.intermediate), 0);
		assert_success(ca_pair_check(&quote.certs, &err), err);
	}
}

static void a_coordinator_in_simulation_has_no_quote(void **state)
{
	static const char *const formats[] = { "\"cert\":%s,\"quote\":null",
		"\"Cert\":%s,\"Quote\":\"\"" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		AUTO(buf_free) struct buf answer = answer_of(*state, formats[i]);
		AUTO(coordinator_quote_free) struct coordinator_quote quote = { 0 };
		struct error err = { 0 };
		assert_failure(coordinator_quote_read(buf_bytes(&answer), &quote, &err), err,
			ERROR_UNAVAILABLE, "simulation mode");
	}
}

static void garbage_is_refused(void **state)
{
	static const char *const formats[] = { "\"cert\":%s", "\"cert\":%s,\"quote\":1",
		"\"cert\":%s,\"quote\":\"cXVvdGU\"", "\"cert\":[%s],\"quote\":\"cXVvdGU=\"",
		"\"certificate\":%s,\"quote\":\"cXVvdGU=\"",
		"\"cert\":%s,\"quote\":\"cXVvdGU=\"}" };
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		AUTO(buf_free) struct buf answer = answer_of(*state, formats[i]);
		AUTO(coordinator_quote_free) struct coordinator_quote quote = { 0 };
		struct error err = { 0 };
		assert_failure(coordinator_quote_read(buf_bytes(&answer), &quote, &err), err,
			ERROR_INVALID, "not that of a Coordinator's client API");
	}
	AUTO(coordinator_quote_free) struct coordinator_quote quote = { 0 };
	struct error err = { 0 };
	assert_false(coordinator_quote_read((struct bytes){ NULL, 0 }, &quote, &err));
	assert_false(coordinator_quote_read(bytes_of_text("[]"), &quote, &err));
	assert_failure(coordinator_quote_read(
			       bytes_of_text("{\"data\":{\"cert\":\"x\",\"quote\":\"cXVvdGU=\"}}"),
			       &quote, &err),
		err, ERROR_INVALID, "could not parse Coordinator intermediate certificate");
}

static void the_root_must_have_issued_the_intermediate_as_a_ca(void **state)
{
	const struct authority *authority = *state;
	const struct ca_pair *good = &authority->certs;
	struct error err = { 0 };
	/* same names, another key behind them */
	AUTO(auto_x509) X509 *other_root = issue(authority->key, NULL, authority->key, true);
	struct ca_pair other = { good->intermediate, other_root };
	assert_failure(ca_pair_check(&other, &err), err, ERROR_DENIED, "not issued by");
	AUTO(auto_x509)
	X509 *leaf = issue(authority->key, good->root, authority->root_key, false);
	struct ca_pair no_ca = { leaf, good->root };
	assert_failure(ca_pair_check(&no_ca, &err), err, ERROR_DENIED, "not issued by");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_generations_of_the_api_are_understood),
		TEST(a_coordinator_in_simulation_has_no_quote),
		TEST(garbage_is_refused),
		TEST(the_root_must_have_issued_the_intermediate_as_a_ca),
	};
	return cmocka_run_group_tests_name("coordinator_quote", tests, NULL, NULL);
}
