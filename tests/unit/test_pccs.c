/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of Intel's client, and sets of collateral in files. */
#include "unit.h"

#include "base/cleanup.h"
#include "pccs/qcnl.h"
#include "pccs/set_file.h"

static struct qcnl parse(const char *text)
{
	struct qcnl qcnl;
	struct error err = { 0 };
	assert_success(qcnl_parse(bytes_of_text(text), &qcnl, &err), err);
	return qcnl;
}

static void both_formats_say_the_same(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"# comment\r\n PCCS_URL = https://h/pck/ \nCOLLATERAL_SERVICE=https://h/s/v4\n"
		"USE_SECURE_CERT = FALSE # comment\nTCB_UPDATE_TYPE=early\nPCCS_API_VERSION=3.1\n"
		"RETRY_TIMES=4\nRETRY_DELAY=7\nUNKNOWN=1\nno key\n=\n"
		"VERIFY_COLLATERAL_CACHE_EXPIRE_HOURS=8",
		"{ // \"pccs_url\": \"wrong\"\n \"pccs_url\": \"https://h/pck/\", /* \" ** */\n"
		"\"collateral_service\": \"https://h/s/v4\", \"use_secure_cert\": false,\n"
		"\"tcb_update_type\": \"early\", \"pccs_api_version\": \"3.1\",\"retry_times\": 4,\n"
		"\"retry_delay\":7, \"unknown\": {}, \"USE_SECURE_CERT\": true,\n"
		"\"verify_collateral_cache_expire_hours\":8}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO(qcnl_free) struct qcnl qcnl = parse(texts[i]);
		assert_string_equal(qcnl.service, "https://h/s/v4/");
		assert_string_equal(qcnl.pck_service, "https://h/pck/");
		assert_false(qcnl.is_secure);
		assert_true(qcnl.wants_early);
		assert_int_equal(qcnl.api, QCNL_API_3_1);
		assert_int_equal(qcnl.retry_times, 4);
		assert_int_equal(qcnl.retry_delay, 7);
		assert_int_equal(qcnl.expire_hours, 8);
	}
}

static void what_is_not_said_is_secure_and_standard(void **state)
{
	(void)state;
	AUTO(qcnl_free) struct qcnl qcnl = parse("PCCS_URL=https://h//x/");
	assert_string_equal(qcnl.service, "https://h//x/"); /* that is no comment */
	assert_null(qcnl.pck_service);                      /* the same */
	assert_true(qcnl.is_secure);
	assert_false(qcnl.wants_early);
	assert_int_equal(qcnl.api, QCNL_API_ANY);
	assert_int_equal(qcnl.retry_times, QCNL_RETRY_TIMES_DEFAULT);
	assert_int_equal(qcnl.expire_hours, 0);
}

static void a_configuration_that_is_no_good_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *reason;
	} wrong[] = {
		{ "", "no pccs_url" },
		{ "# PCCS_URL=https://h/", "no pccs_url" },
		{ "{}", "no pccs_url" },
		{ "{\"pccs_url\": \"https://h/\"", "no valid JSON" },
		{ "{\"pccs_url\": \"https://h/\", \"pccs_url\": \"https://i/\"}", "no valid JSON" },
		{ "{\"pccs_url\": \"https://h/\", \"use_secure_cert\": 0}", "use_secure_cert" },
		{ "{\"pccs_url\": \"https://h/\", \"use_secure_cert\": []}", "use_secure_cert" },
		{ "PCCS_URL=https://h/\nUSE_SECURE_CERT=no", "use_secure_cert" },
		{ "PCCS_URL=https://h/\nTCB_UPDATE_TYPE=late", "tcb_update_type" },
		{ "PCCS_URL=https://h/\nRETRY_TIMES=-1", "retry_times" },
		{ "PCCS_URL=https://h/\nRETRY_DELAY=100000", "retry_delay" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct qcnl qcnl;
		struct error err = { 0 };
		assert_failure(qcnl_parse(bytes_of_text(wrong[i].text), &qcnl, &err), err,
			ERROR_INVALID, wrong[i].reason);
		assert_null(qcnl.service);
	}
}

struct files {
	struct buf of[COLLATERAL_FILES];
};

static void free_files(struct files *files)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&files->of[i]);
}

static void make_set(struct buf *out)
{
	AUTO(free_files) struct files files = { 0 };
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_printf(&files.of[i], "content %zu", i);
	set_file_put(out, files.of, 1234567890123);
}

static void a_set_comes_back_from_its_file(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	AUTO(free_files) struct files read = { 0 };
	struct error err = { 0 };
	int64_t fetched_at;
	make_set(&out);
	assert_success(set_file_parse(buf_bytes(&out), read.of, &fetched_at, &err), err);
	assert_true(fetched_at == 1234567890123);
	assert_string_equal(buf_text(&read.of[0]), "content 0");
	assert_string_equal(buf_text(&read.of[COLLATERAL_FILES - 1]), "content 5");
}

static void a_file_that_is_no_set_is_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	int64_t fetched_at;
	make_set(&out);
	for (size_t size = 0; size < out.size; size++) {
		AUTO(free_files) struct files read = { 0 };
		struct error err = { 0 };
		assert_failure(set_file_parse((struct bytes){ out.data, size }, read.of,
				       &fetched_at, &err),
			err, ERROR_INVALID, "no set of collateral");
	}
	AUTO(free_files) struct files read = { 0 };
	buf_put_u8(&out, 0);
	assert_false(set_file_parse(buf_bytes(&out), read.of, &fetched_at, NULL));
	out.size--;
	out.data[0] ^= 1;
	assert_false(set_file_parse(buf_bytes(&out), read.of, &fetched_at, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_say_the_same),
		cmocka_unit_test(what_is_not_said_is_secure_and_standard),
		cmocka_unit_test(a_configuration_that_is_no_good_is_refused),
		cmocka_unit_test(a_set_comes_back_from_its_file),
		cmocka_unit_test(a_file_that_is_no_set_is_refused),
	};
	return cmocka_run_group_tests_name("pccs", tests, NULL, NULL);
}
