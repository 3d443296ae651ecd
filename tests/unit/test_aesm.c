/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/aesm.h"

static void assert_number(const char *bytes, size_t size, uint32_t expected)
{
	uint32_t number = 77;
	struct error err = { 0 };
	assert_success(aesm_response_parse((struct bytes){ bytes, size }, &number, &err), err);
	assert_int_equal(number, expected);
}

static void the_number_of_a_response_is_found(void **state)
{
	(void)state;
	assert_number("\x7a\x02\x08\x1e", 4, 30);
	assert_number("\x7a\x02\x08\x00", 4, AESM_SUCCESS);
	/* other fields, before and behind it */
	assert_number("\x08\x05\x7a\x07\x12\x01x\x08\x2c\x20\x01", 11, 44);
	/* without one it is an error that nobody knows */
	assert_number("\x7a\x00", 2, AESM_ERROR_UNKNOWN);
}

static void what_is_no_response_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{ "", 0 },
		{ "\x7a", 1 },
		{ "\x7a\x05\x08\x1e", 4 },
		{ "\x7a\x02\x08", 3 },
		{ "\x72\x02\x08\x1e", 4 },
		{ "\x7a\x02\x0d\x1e", 4 },
		{ "\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t number;
		struct error err = { 0 };
		assert_failure(aesm_response_parse((struct bytes){ cases[i].bytes, cases[i].size },
				       &number, &err),
			err, ERROR_INVALID, "no sensible answer");
	}
}

static void the_number_in_a_message_is_found(void **state)
{
	(void)state;
	uint32_t number = 0;
	assert_true(aesm_error_in("error: aesm_service returned error: 30", &number));
	assert_int_equal(number, 30);
	assert_true(aesm_error_in("AESM service returned error 42; this may", &number));
	assert_int_equal(number, 42);
	assert_false(aesm_error_in("aesm_service returned", &number));
	assert_false(aesm_error_in("error: 30", &number));
	assert_false(aesm_error_in("AESM error: none", &number));
	assert_false(aesm_error_in("AESM error: -1", &number));
	assert_false(aesm_error_in("AESM error 99999999999999999999", &number));
}

static void every_number_has_a_name_and_a_remedy(void **state)
{
	(void)state;
	const char *no_name = aesm_error_name(52);
	const char *no_text = aesm_error_text(52);
	assert_string_equal(no_name, "error without a name");
	assert_string_equal(no_text, "see journalctl -u aesmd on this machine");
	for (uint32_t number = 0; number < 52; number++) {
		if (!strcmp(aesm_error_name(number), no_name) ||
			!strcmp(aesm_error_text(number), no_text) || !*aesm_error_text(number))
			fail_msg("%u", number);
		for (uint32_t other = 0; other < number; other++)
			assert_string_not_equal(aesm_error_name(number), aesm_error_name(other));
	}
}

static void remedies_are_for_what_the_number_means(void **state)
{
	(void)state;
	static const struct {
		uint32_t number;
		const char *name;
		const char *remedy;
	} rows[] = {
		{ 6, "get license token error", "Linux 5.11 or later" },
		{ 9, "PSDA unavailable", "no DCAP quote" },
		{ 10, "ephemeral session failed", "no DCAP quote" },
		{ 11, "long-term pairing failed", "no DCAP quote" },
		{ 22, "message error", "update the quoting packages" },
		{ 23, "thread error", "systemctl restart aesmd" },
		{ 26, "PIB invalid signature", "EPID attestation" },
		{ 28, "KDF mismatch", "update the quoting packages" },
		{ 33, "path name overflow", "where they belong" },
		{ 34, "error storing key", "write /var/opt/aesmd" },
		{ 36, "invalid PCE signature scheme", "update the quoting packages" },
		{ 39, "unsupported loading policy", "update the quoting packages" },
		{ 45, "report error", "start the enclave anew" },
		{ 47, "invalid report", "start the enclave anew" },
		{ 49, "cannot generate QE report", "update the quoting packages" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(aesm_error_name(rows[i].number), rows[i].name);
		assert_non_null(strstr(aesm_error_text(rows[i].number), rows[i].remedy));
	}
}

static void a_socket_that_nobody_serves_is_named(void **state)
{
	(void)state;
	uint32_t number;
	struct error err = { 0 };
	assert_failure(aesm_try_quoting("/nonexistent/aesm.socket", &number, &err), err,
		ERROR_UNAVAILABLE, "nobody answers at /nonexistent/aesm.socket: No such file");
	char too_long[200];
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = 0;
	assert_failure(
		aesm_try_quoting(too_long, &number, &err), err, ERROR_INVALID, "is too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_of_a_response_is_found),
		cmocka_unit_test(what_is_no_response_is_refused),
		cmocka_unit_test(the_number_in_a_message_is_found),
		cmocka_unit_test(every_number_has_a_name_and_a_remedy),
		cmocka_unit_test(remedies_are_for_what_the_number_means),
		cmocka_unit_test(a_socket_that_nobody_serves_is_named),
	};
	return cmocka_run_group_tests_name("aesm", tests, NULL, NULL);
}
