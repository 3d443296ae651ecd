/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "attest/report_header.h"
#include "base/cleanup.h"

static struct bytes text(const char *bytes, size_t size)
{
	return (struct bytes){ bytes, size };
}

static void the_header_goes_on_and_comes_off(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf report = { 0 };
	struct bytes quote = { NULL, 0 };
	struct error err = { 0 };
	report_header_put(&report, text("quote", 5));
	assert_int_equal(report.size, REPORT_HEADER_SIZE + 5);
	assert_memory_equal(report.data, "\1\0\0\0\2\0\0\0\5\0\0\0\0\0\0\0quote", report.size);
	assert_success(report_header_strip(buf_bytes(&report), &quote, &err), err);
	assert_true(bytes_equal(quote, text("quote", 5)));
	assert_success(report_header_strip_if_any(buf_bytes(&report), &quote, &err), err);
	assert_true(bytes_equal(quote, text("quote", 5)));
}

static void the_announced_length_must_be_exact(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf report = { 0 };
	struct bytes quote = { NULL, 0 };
	struct error err = { 0 };
	report_header_put(&report, text("quote", 5));
	for (size_t size = 1; size < report.size; size++)
		assert_false(report_header_strip(text((char *)report.data, size), &quote, &err));
	buf_put_u8(&report, 0);
	assert_failure(report_header_strip(buf_bytes(&report), &quote, &err), err, ERROR_INVALID,
		"announces 5 bytes, but 6 follow");
	memset(report.data + 8, 0xff, 8);
	assert_failure(report_header_strip(buf_bytes(&report), &quote, &err), err, ERROR_INVALID,
		"announces 18446744073709551615 bytes");
	assert_null(quote.data);
}

static void other_reports_are_named(void **state)
{
	(void)state;
	struct bytes quote = { NULL, 0 };
	struct error err = { 0 };
	assert_failure(
		report_header_strip(text("", 0), &quote, &err), err, ERROR_INVALID, "empty report");
	assert_failure(report_header_strip_if_any(text("", 0), &quote, &err), err, ERROR_INVALID,
		"empty report");
	assert_failure(
		report_header_strip(text("\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), &quote, &err),
		err, ERROR_INVALID, "local");
	assert_failure(
		report_header_strip(text("\1\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0", 16), &quote, &err),
		err, ERROR_INVALID, "unknown type 3");
	assert_failure(
		report_header_strip(text("\3\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), &quote, &err),
		err, ERROR_INVALID, "does not begin with the Open Enclave report header");
}

static void a_bare_quote_is_told_by_its_first_four_bytes(void **state)
{
	(void)state;
	struct error err = { 0 };
	/* versions 3 to 5 with types of keys from 1 to 3, whatever the parser says of them */
	for (int i = 0; i < 9; i++) {
		char start[] = { (char)(3 + i / 3), 0, (char)(1 + i % 3), 0, 'x' };
		struct bytes quote = { NULL, 0 };
		assert_success(report_header_strip_if_any(text(start, 5), &quote, &err), err);
		assert_ptr_equal(quote.data, start);
		assert_int_equal(quote.size, 5);
	}
	struct bytes quote = { NULL, 0 };
	assert_failure(report_header_strip_if_any(text("\3\0\0\0evidence....", 16), &quote, &err),
		err, ERROR_UNSUPPORTED, "evidence");
	assert_false(report_header_strip_if_any(text("\3\0\2", 3), &quote, &err));
	assert_false(report_header_strip_if_any(text("\6\0\2\0.......... ..", 16), &quote, &err));
}

static void a_quote_that_was_not_decoded_is_told(void **state)
{
	(void)state;
#define HEX_32    "03000200000000000a000f00939a7233"
#define BASE64_32 "AwACAAAAAAAKAA8Ak5pyM/fJTKmUCg=="
	static const struct {
		const char *text;
		bool is_encoded;
	} cases[] = {
		{ HEX_32 HEX_32, true },
		{ HEX_32 "\r\n" HEX_32 "\n", true },
		{ BASE64_32 "\n" BASE64_32 "\n", true },
		{ "BAAC_-" HEX_32 HEX_32, true },
		{ HEX_32 HEX_32 "!", false },
		{ "hello", false },
		{ "{" HEX_32 HEX_32, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes quote;
		struct error err = { 0 };
		assert_failure(report_header_strip_if_any(
				       text(cases[i].text, strlen(cases[i].text)), &quote, &err),
			err, ERROR_INVALID, "this is no quote of DCAP, versions 3 to 5");
		assert_int_equal(
			strstr(err.message, ": it is text, base64 or hex: decode it first") != NULL,
			cases[i].is_encoded);
	}
	/* a NUL is in no text */
	char binary[65];
	struct bytes quote;
	struct error err = { 0 };
	memset(binary, 'A', sizeof(binary));
	binary[64] = '\0';
	assert_false(report_header_strip_if_any(text(binary, sizeof(binary)), &quote, &err));
	assert_null(strstr(err.message, "decode"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_goes_on_and_comes_off),
		cmocka_unit_test(the_announced_length_must_be_exact),
		cmocka_unit_test(other_reports_are_named),
		cmocka_unit_test(a_bare_quote_is_told_by_its_first_four_bytes),
		cmocka_unit_test(a_quote_that_was_not_decoded_is_told),
	};
	return cmocka_run_group_tests_name("report_header", tests, NULL, NULL);
}
