/* SPDX-License-Identifier: Apache-2.0 */
/* The public library, as far as it goes without a Coordinator. */
#include "unit.h"

#include "marblerun/marblerun.h"

#define ERA "{\"UniqueID\": \"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1\"}"

static void assert_error(
	const struct marblerun *m, enum marblerun_error_kind kind, const char *text)
{
	if (marblerun_error_kind(m) != kind || !strstr(marblerun_error(m), text))
		fail_msg("kind %d, \"%s\"", (int)marblerun_error_kind(m), marblerun_error(m));
}

static void nothing_is_asked_before_it_is_decided_whom_to_trust(void **state)
{
	(void)state;
	int code = -1;
	struct marblerun_bytes bytes = { 0 };
	struct marblerun_update update = { 0 };
	struct marblerun_secrets secrets = { 0 };
	struct marblerun_manifest manifest = { 0 };
	const char *const names[] = { "name" };
	struct marblerun *m = marblerun_new("localhost:1");
	assert_int_equal(marblerun_error_kind(m), MARBLERUN_OK);
	assert_string_equal(marblerun_error(m), "");
	assert_false(marblerun_get_status(m, &code, &bytes));
	assert_error(m, MARBLERUN_STATE, "nobody is trusted yet");
	assert_false(marblerun_get_manifest(m, &manifest));
	assert_false(marblerun_set_manifest(m, "{}", 2, &bytes));
	assert_false(marblerun_get_update_log(m, &bytes));
	assert_false(marblerun_apply_update(m, "{}", 2, &update));
	assert_false(marblerun_acknowledge_update(m, "{}", 2, &update));
	assert_false(marblerun_cancel_update(m));
	assert_false(marblerun_get_pending_update(m, &bytes, &update));
	assert_false(marblerun_get_secrets(m, names, 1, &secrets));
	assert_false(marblerun_set_secrets(m, "{}", 2));
	assert_error(m, MARBLERUN_STATE, "nobody is trusted yet");
	assert_false(marblerun_get_certificate(m, MARBLERUN_ROOT, &bytes));
	assert_false(marblerun_get_quote(m, &bytes));
	assert_int_equal(code, -1);
	assert_null(bytes.data);
	marblerun_free(m);
}

static void verification_needs_a_configuration_and_an_address(void **state)
{
	(void)state;
	struct marblerun *m = marblerun_new("https://localhost");
	assert_false(marblerun_verify(m));
	assert_error(m, MARBLERUN_INVALID, "no attestation configuration");
	assert_false(marblerun_set_era(m, "{\"UniqueID\": 5}", 15));
	assert_error(m, MARBLERUN_INVALID, "UniqueID");
	assert_false(marblerun_verify(m));
	assert_error(m, MARBLERUN_INVALID, "no attestation configuration");
	assert_true(marblerun_set_era(m, ERA, strlen(ERA)));
	assert_false(marblerun_verify(m));
	assert_error(m, MARBLERUN_INVALID, "is no address of the form host:port");
	assert_false(marblerun_trust(m, "no PEM", 6));
	assert_error(m, MARBLERUN_INVALID, "intermediate certificate");
	marblerun_free(m);
}

static void note(void *context, enum marblerun_notice kind, const char *text)
{
	assert_int_equal(kind, MARBLERUN_NOTICE_WARNING);
	*(bool *)context = strstr(text, "\"Uniqueid2\"");
}

static void members_that_do_not_exist_are_noticed(void **state)
{
	(void)state;
	bool is_noted = false;
	struct marblerun *m = marblerun_new("localhost:1");
	assert_true(marblerun_set_era(m, "{\"Uniqueid2\": 5}", 16));
	marblerun_on_notice(m, note, &is_noted);
	assert_true(marblerun_set_era(m, "{\"Uniqueid2\": 5}", 16));
	assert_true(is_noted);
	marblerun_free(m);
}

static void half_of_the_credentials_are_refused(void **state)
{
	(void)state;
	const struct marblerun_pkcs11 place = { .config = "{}", .config_size = 2 };
	struct marblerun *m = marblerun_new("localhost:1");
	assert_false(marblerun_set_credentials(m, "c", 1, NULL, 0));
	assert_error(m, MARBLERUN_INVALID, "one of them is empty");
	assert_false(marblerun_set_pkcs11_credentials(m, &place));
	assert_error(m, MARBLERUN_INVALID, "PKCS#11: the configuration has no Path");
	marblerun_free(m);
	marblerun_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_before_it_is_decided_whom_to_trust),
		cmocka_unit_test(verification_needs_a_configuration_and_an_address),
		cmocka_unit_test(members_that_do_not_exist_are_noticed),
		cmocka_unit_test(half_of_the_credentials_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
