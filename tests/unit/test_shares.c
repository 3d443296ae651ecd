/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in several hands, and RSA as it carries them there. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "crypto/pem.h"
#include "crypto/rsa.h"
#include "crypto/shares.h"

#define PARTIES 5

static const char secret_hex[] = "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

/* Any 3 are needed; made with logarithm tables to the generator 3 by a program of its own. */
static const char *const vector[PARTIES] = {
	"40222a013c2f421376895cb47695e3ab93d71388d7ec765729a31f8be4f8c56907",
	"fb3ac078f08cd46f40a9fc06ae213c7eb9ce2aa4bed59274b6d917bba4a11930c9",
	"86464ff252ac138f0d7686397dda2efc4fda5a85fb5f59282e1b8a413c88e83d21",
	"3965e0a5a59a3936abf769a5f12db34462b5afe48a255cc7d3fbbf9532dd25b4ff",
	"ad26d0abb685087d79bf4e76fbd787a9eb41435ec37eb7805cf3b45bb769317c01",
};

static struct buf bytes_of_hex(const char *text)
{
	struct buf bytes = { 0 };
	assert_true(hex_decode(&bytes, text, strlen(text)));
	return bytes;
}

static void free_all(struct buf *shares)
{
	for (size_t i = 0; i < PARTIES; i++)
		buf_free(&shares[i]);
}

/* What the shares with these bits say. */
static struct buf join(const struct buf *shares, unsigned chosen,
	bool (*function)(
		const struct bytes *shares, size_t count, struct buf *secret, struct error *err))
{
	struct bytes views[PARTIES];
	size_t count = 0;
	struct buf joined = { 0 };
	struct error err = { 0 };
	for (size_t i = 0; i < PARTIES; i++) {
		if (chosen >> i & 1)
			views[count++] = buf_bytes(&shares[i]);
	}
	assert_success(function(views, count, &joined, &err), err);
	return joined;
}

static bool opens(const struct buf *shares, unsigned chosen, const struct buf *secret)
{
	AUTO(buf_free) struct buf joined = join(shares, chosen, shares_join_threshold);
	return bytes_equal(buf_bytes(&joined), buf_bytes(secret));
}

/* All subsets with at least as many as are needed open, no smaller one does. */
static void check_subsets(const struct buf *shares, int threshold, const struct buf *secret)
{
	for (unsigned chosen = 1; chosen < 1U << PARTIES; chosen++)
		assert_int_equal(
			opens(shares, chosen, secret), __builtin_popcount(chosen) >= threshold);
}

static void shares_of_another_implementation_join(void **state)
{
	(void)state;
	struct buf shares[PARTIES];
	AUTO(buf_free) struct buf secret = bytes_of_hex(secret_hex);
	for (size_t i = 0; i < PARTIES; i++)
		shares[i] = bytes_of_hex(vector[i]);
	check_subsets(shares, 3, &secret);
	free_all(shares);
}

static void any_threshold_of_shares_join(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf secret = bytes_of_hex(secret_hex);
	for (int threshold = 2; threshold <= PARTIES; threshold++) {
		struct buf shares[PARTIES] = { 0 };
		struct error err = { 0 };
		assert_success(shares_split_threshold(buf_bytes(&secret), (size_t)threshold, shares,
				       PARTIES, &err),
			err);
		assert_int_equal(shares[0].size, 33);
		check_subsets(shares, threshold, &secret);
		free_all(shares);
	}
}

static void all_shares_join_by_xor_and_fewer_do_not(void **state)
{
	(void)state;
	struct buf shares[PARTIES] = { 0 };
	AUTO(buf_free) struct buf secret = bytes_of_hex(secret_hex);
	shares_split_all(buf_bytes(&secret), shares, PARTIES);
	for (unsigned chosen = 1; chosen < 1U << PARTIES; chosen++) {
		AUTO(buf_free) struct buf joined = join(shares, chosen, shares_join_all);
		bool is_all = chosen == (1U << PARTIES) - 1;
		assert_int_equal(bytes_equal(buf_bytes(&joined), buf_bytes(&secret)), is_all);
	}
	free_all(shares);
}

static void impossible_splits_and_shares_are_refused(void **state)
{
	(void)state;
	struct buf shares[PARTIES] = { 0 };
	AUTO(buf_free) struct buf joined = { 0 };
	struct bytes secret = { "secret", 6 };
	struct error err = { 0 };
	assert_failure(shares_split_threshold(secret, 1, shares, PARTIES, &err), err, ERROR_INVALID,
		"2 to 255");
	assert_failure(shares_split_threshold(secret, 6, shares, PARTIES, &err), err, ERROR_INVALID,
		"2 to 255");
	assert_failure(shares_split_threshold(secret, 2, shares, 256, &err), err, ERROR_INVALID,
		"2 to 255");
	const struct bytes twice[] = { { "ab\1", 3 }, { "cd\1", 3 } };
	assert_failure(shares_join_threshold(twice, 2, &joined, &err), err, ERROR_INVALID,
		"a second time");
	const struct bytes zero[] = { { "ab\0", 3 }, { "cd\1", 3 } };
	assert_failure(shares_join_threshold(zero, 2, &joined, &err), err, ERROR_INVALID, "none");
	const struct bytes lengths[] = { { "ab\2", 3 }, { "c\1", 2 } };
	assert_failure(shares_join_threshold(lengths, 2, &joined, &err), err, ERROR_INVALID,
		"same length");
	assert_failure(
		shares_join_all(lengths, 2, &joined, &err), err, ERROR_INVALID, "same length");
	assert_failure(shares_join_all(lengths, 0, &joined, &err), err, ERROR_INVALID, "no shares");
	assert_int_equal(joined.size, 0);
}

static void what_was_encrypted_for_a_key_opens_with_it_alone(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_rsa(2048, &err);
	AUTO(auto_pkey) EVP_PKEY *other = key_generate_rsa(2048, &err);
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf sealed = { 0 };
	AUTO(buf_free) struct buf plain = { 0 };
	assert_success(key_put_public(key, &der, &err), err);
	pem_encode(&pem, "PUBLIC KEY", buf_bytes(&der));
	AUTO(auto_pkey) EVP_PKEY *public = rsa_read_public_pem(buf_bytes(&pem), &err);
	assert_success(public, err);
	assert_success(rsa_encrypt(public, bytes_of_text("a share"), &sealed, &err), err);
	assert_int_equal(sealed.size, 256);
	assert_success(rsa_decrypt(key, buf_bytes(&sealed), &plain, &err), err);
	assert_string_equal(buf_text(&plain), "a share");
	assert_failure(rsa_decrypt(other, buf_bytes(&sealed), &plain, &err), err, ERROR_DENIED,
		"decryption error");
	assert_string_equal(buf_text(&plain), "a share");
	uint8_t long_text[200] = { 0 };
	assert_failure(rsa_encrypt(public, (struct bytes){ long_text, 200 }, &sealed, &err), err,
		ERROR_INVALID, "cannot encrypt");
	assert_int_equal(sealed.size, 256);
}

static void only_pem_of_an_rsa_key_is_taken(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ec(256, &err);
	AUTO(buf_free) struct buf der = { 0 };
	AUTO(buf_free) struct buf pem = { 0 };
	assert_success(key_put_public(key, &der, &err), err);
	pem_encode(&pem, "PUBLIC KEY", buf_bytes(&der));
	assert_failure(rsa_read_public_pem(buf_bytes(&pem), &err), err, ERROR_INVALID,
		"unsupported type of public key");
	buf_clear(&pem);
	pem_encode(&pem, "RSA PUBLIC KEY", buf_bytes(&der));
	assert_failure(rsa_read_public_pem(buf_bytes(&pem), &err), err, ERROR_INVALID,
		"given PEM data is not a public key");
	assert_failure(rsa_read_public_pem(bytes_of_text(""), &err), err, ERROR_INVALID,
		"given PEM data is not a public key");
	buf_clear(&pem);
	pem_encode(&pem, "PUBLIC KEY", bytes_of_text("no key"));
	assert_null(rsa_read_public_pem(buf_bytes(&pem), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_another_implementation_join),
		cmocka_unit_test(any_threshold_of_shares_join),
		cmocka_unit_test(all_shares_join_by_xor_and_fewer_do_not),
		cmocka_unit_test(impossible_splits_and_shares_are_refused),
		cmocka_unit_test(what_was_encrypted_for_a_key_opens_with_it_alone),
		cmocka_unit_test(only_pem_of_an_rsa_key_is_taken),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
