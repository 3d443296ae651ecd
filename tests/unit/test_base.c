/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/reader.h"
#include "base/spelling.h"
#include "base/strmap.h"
#include "base/uuid.h"

#include <errno.h>
#include <sys/stat.h>

static void errors_gain_context_on_the_way_up(void **state)
{
	(void)state;
	struct error err = { 0 };
	assert_false(error_set(&err, ERROR_NOT_FOUND, "secret \"%s\" does not exist", "foo"));
	assert_false(error_prefix(&err, "file \"%s\"", "/etc/x"));
	assert_false(error_prefix(&err, "marble \"frontend\""));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_string_equal(
		err.message, "marble \"frontend\": file \"/etc/x\": secret \"foo\" does not exist");
	assert_false(error_set(NULL, ERROR_INVALID, "nobody cares"));
	errno = EACCES;
	error_errno(&err, "cannot read %s", "x");
	assert_string_equal(err.message, "cannot read x: Permission denied");
}

static void an_endless_message_is_cut(void **state)
{
	(void)state;
	struct error err = { 0 };
	error_set(&err, ERROR_INVALID, "%*s", 2 * ERROR_MESSAGE_MAX, "x");
	error_prefix(&err, "prefix");
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	assert_memory_equal(err.message, "prefix: ", 8);
}

static void a_reader_never_passes_the_end(void **state)
{
	(void)state;
	const uint8_t data[] = { 1, 2, 0, 3, 0, 0, 0, 9 };
	struct reader r = reader_of(data, sizeof(data));
	assert_int_equal(reader_u8(&r), 1);
	assert_int_equal(reader_u16(&r), 2);
	assert_int_equal(reader_u32(&r), 3);
	assert_false(reader_finished(&r));
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(reader_u8(&r), 0); /* stays bad although one byte was left */
	assert_null(reader_bytes(&r, 0));
	r = reader_of(data, sizeof(data));
	reader_fail(&r);
	assert_int_equal(reader_u8(&r), 0);
	assert_false(reader_finished(&r));
}

static void a_sub_reader_is_bounded_by_its_parent(void **state)
{
	(void)state;
	const uint8_t data[] = { 7, 8, 9 };
	struct reader r = reader_of(data, sizeof(data));
	struct reader sub = reader_sub(&r, 2);
	assert_int_equal(reader_u16(&sub), 0x0807);
	assert_true(reader_finished(&sub));
	assert_true(reader_sub(&r, SIZE_MAX).bad);
	assert_true(r.bad);
}

static void a_buf_keeps_a_nul_behind_its_content(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf b = { 0 };
	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i % 10);
	assert_int_equal(b.size, 2000);
	assert_int_equal(strlen(buf_text(&b)), 2000);
	buf_clear(&b);
	buf_put_u16(&b, 0x1234);
	buf_put_u64(&b, UINT64_C(0x1122334455667788));
	const uint8_t expected[] = { 0x34, 0x12, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };
	assert_int_equal(b.size, sizeof(expected));
	assert_memory_equal(b.data, expected, sizeof(expected));
}

static void text_of_others_cannot_command_a_terminal(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf b = { 0 };
	buf_put_visible(&b, "a\x1b[2J\r\n\t\x7f \xc2\x9b \xc3\xa9 \xc2\xa9");
	assert_string_equal(buf_text(&b), "a?[2J?\n?? ? \xc3\xa9 \xc2\xa9");
}

static void hex_accepts_both_cases_and_nothing_else(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf b = { 0 };
	assert_true(hex_decode(&b, "00fFAb", 6));
	assert_memory_equal(b.data, "\x00\xff\xab", 3);
	assert_false(hex_decode(&b, "0", 1));
	assert_false(hex_decode(&b, "0g", 2));
	assert_false(hex_decode(&b, " 0", 2));
	assert_int_equal(b.size, 3);
	uint8_t two[2];
	assert_true(hex_decode_exact(two, 2, "Beef"));
	assert_false(hex_decode_exact(two, 2, "beef0"));
	AUTO(buf_free) struct buf text = { 0 };
	hex_encode(&text, b.data, b.size);
	assert_string_equal(buf_text(&text), "00ffab");
}

static void base64_is_padded_and_strict(void **state)
{
	(void)state;
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd", "//79" } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		AUTO(buf_free) struct buf encoded = { 0 };
		AUTO(buf_free) struct buf decoded = { 0 };
		base64_encode(&encoded, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(buf_text(&encoded), pairs[i][1]);
		assert_true(base64_decode(&decoded, pairs[i][1], strlen(pairs[i][1])));
		assert_string_equal(buf_text(&decoded), pairs[i][0]);
	}
	static const char *const wrong[] = { "Z", "Zg",
		"Zg=", "Z===", "====", "Zg==Zg==", "Zm9v=", "Zm 9v", "Zm9-", "Z=g=", "Zm9vZm8" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		AUTO(buf_free) struct buf decoded = { 0 };
		assert_false(base64_decode(&decoded, wrong[i], strlen(wrong[i])));
		assert_int_equal(decoded.size, 0);
	}
	AUTO(buf_free) struct buf decoded = { 0 };
	assert_true(base64_decode(&decoded, "Zm\r\n9v\n", 7));
	assert_string_equal(buf_text(&decoded), "foo");
	assert_true(base64_url_decode(&decoded, "__79", 4));
	assert_false(base64_url_decode(&decoded, "//79", 4));
}

static void json_text_is_escaped_like_go_does(void **state)
{
	(void)state;
	static const char text[] = "a\"\\\n\x01<>&\xe2\x80\xa8\xc3\xa9\xff\xc0\x80\xed\xa0\x80";
	AUTO(buf_free) struct buf out = { 0 };
	json_text_put(&out, text, sizeof(text) - 1);
	assert_string_equal(buf_text(&out),
		"\"a\\\"\\\\\\n\\u0001\\u003c\\u003e\\u0026\\u2028\xc3\xa9\\ufffd\\ufffd\\ufffd"
		"\\ufffd\\ufffd\\ufffd\"");
}

static void code_points_become_utf8(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	static const uint32_t points[] = { 0x7f, 0x80, 0x7ff, 0x800, 0xfffd, 0x10000, 0x10ffff };
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		utf8_put(&out, points[i]);
	uint32_t point = 0;
	assert_int_equal(utf8_read(buf_text(&out) + 1, 2, &point), 2);
	assert_int_equal(point, 0x80);
	assert_int_equal(utf8_read("\xf4\x8f\xbf\xbf", 4, &point), 4);
	assert_int_equal(point, 0x10ffff);
	assert_int_equal(utf8_read("\xf4\x8f\xbf\xbf", 3, &point), 0);
	assert_string_equal(buf_text(&out), "\x7f\xc2\x80\u07ff\u0800\ufffd\U00010000\U0010ffff");
}

static void only_existing_dates_are_read(void **state)
{
	(void)state;
	int64_t seconds = 0;
	assert_true(clock_parse_utc("2022-05-16T01:02:03Z", &seconds));
	assert_int_equal(seconds, 1652662923);
	assert_true(clock_parse_utc("2024-02-29T00:00:00Z", &seconds));
	static const char *const wrong[] = { "2023-02-29T00:00:00Z", "2022-13-01T00:00:00Z",
		"2022-05-16T24:00:00Z", "2022-05-16 01:02:03Z", "2022-05-16T01:02:03",
		"2022-05-16T01:02:03+00:00", "22-05-16T01:02:03Z", "" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(clock_parse_utc(wrong[i], &seconds));
	char text[CLOCK_TEXT_SIZE];
	clock_format_utc(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
}

static void every_date_is_read_as_it_is_written(void **state)
{
	(void)state;
	/* from year 0 to 9999, in steps that meet all days of months and times of day */
	for (int64_t then = INT64_C(-62167219200); then <= INT64_C(253402300799);
		then += 5 * 86399 + 17) {
		char text[CLOCK_TEXT_SIZE];
		int64_t seconds = 0;
		clock_format_utc(text, then);
		if (!clock_parse_utc(text, &seconds) || seconds != then)
			fail_msg("%s", text);
	}
	static const char *const no_dates[] = { "2100-02-29T00:00:00Z", "2023-04-31T00:00:00Z",
		"2023-00-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T00:60:00Z",
		"2023-01-01T00:00:60Z" };
	for (size_t i = 0; i < sizeof(no_dates) / sizeof(no_dates[0]); i++) {
		int64_t seconds;
		assert_false(clock_parse_utc(no_dates[i], &seconds));
	}
}

static void files_are_replaced_as_a_whole(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_base.XXXXXX";
	assert_non_null(mkdtemp(folder));
	AUTO(auto_free) char *path = xasprintf("%s/a/b/file", folder);
	struct error err = { 0 };
	AUTO(buf_free) struct buf content = { 0 };
	assert_failure(file_read(path, 100, &content, &err), err, ERROR_NOT_FOUND, path);
	assert_success(file_make_parents(path, 0700, &err), err);
	assert_success(file_replace(path, "first", 5, 0600, &err), err);
	assert_success(file_replace(path, "second", 6, 0640, &err), err);
	assert_success(file_read(path, 6, &content, &err), err);
	assert_string_equal(buf_text(&content), "second");
	assert_failure(file_read(path, 5, &content, &err), err, ERROR_INVALID, "longer than");
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	AUTO(auto_free) char *left_over = xasprintf("%s.tmp", path);
	assert_int_equal(access(left_over, F_OK), -1);
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
}

static void a_strmap_is_sorted_and_the_last_of_a_name_wins(void **state)
{
	(void)state;
	struct strmap m = { 0 };
	static int values[] = { 0, 1, 2, 3 };
	strmap_add(&m, "b", &values[0]);
	strmap_add(&m, "a", &values[1]);
	strmap_add(&m, "b", &values[2]);
	strmap_add(&m, "", &values[3]);
	strmap_sort(&m, NULL);
	assert_int_equal(m.count, 3);
	assert_string_equal(m.entries[0].name, "");
	assert_ptr_equal(strmap_get(&m, "a"), &values[1]);
	assert_ptr_equal(strmap_get(&m, "b"), &values[2]);
	assert_null(strmap_get(&m, "c"));
	strmap_free(&m, NULL);
	assert_null(strmap_get(&m, "a"));
}

static void secrets_compare_as_a_whole(void **state)
{
	(void)state;
	assert_true(memory_equal_secret("abc", "abc", 3));
	assert_false(memory_equal_secret("abc", "abd", 3));
	assert_false(memory_equal_secret("xbc", "abc", 3));
	assert_true(memory_equal_secret("", "x", 0));
}

/* No byte alone, which the C library may fill freed memory with (MALLOC_PERTURB_). */
static void write_secret(char *block, size_t size)
{
	for (size_t i = 0; i < size; i++)
		block[i] = "SECRET"[i % 6];
}

static void a_wiping_block_leaves_nothing_behind(void **state)
{
	(void)state;
	char *block = wiping_malloc(200);
	write_secret(block, 200);
	block = wiping_realloc(block, 400);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(block[i], "SECRET"[i % 6]);
	write_secret(block, 400);
	wiping_free(block);
	/* the C library gives the freed memory out again, except under the sanitizers */
	for (size_t size = 100; size < 420; size++) {
		AUTO(auto_free) char *reused = malloc(size);
		assert_null(memmem(reused, size, "SECRET", 6));
	}
	assert_null(wiping_calloc(SIZE_MAX / 2, 3));
	assert_null(wiping_malloc(SIZE_MAX - 3));
	char *zeros = wiping_calloc(3, 5);
	assert_true(memory_is_zero(zeros, 15));
	wiping_free(zeros);
	wiping_free(NULL);
}

static void uuids_are_read_in_four_forms(void **state)
{
	(void)state;
	static const char canonical[] = "0123abcd-89ab-4def-8123-456789abcdef";
	static const char *const forms[] = {
		"0123abcd-89ab-4def-8123-456789abcdef",
		"0123ABCD-89AB-4DEF-8123-456789ABCDEF",
		"URN:uuid:0123abcd-89ab-4def-8123-456789abcdef",
		"{0123abcd-89ab-4def-8123-456789abcdef}",
		"0123abcd89ab4def8123456789abcdef",
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		char text[UUID_TEXT_SIZE];
		struct error err = { 0 };
		assert_success(uuid_parse(forms[i], strlen(forms[i]), text, &err), err);
		assert_string_equal(text, canonical);
	}
}

static void other_texts_are_no_uuids(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"0123abcd-89ab-4def-8123-456789abcdef\n",
		"0123abcd-89ab-4def-8123-456789abcdeg",
		"0123abcd089ab-4def-8123-456789abcdef",
		"urn-uuid:0123abcd-89ab-4def-8123-456789abcdef",
		"{0123abcd-89ab-4def-8123-456789abcdef)",
		"0123abcd-9ab4def8123456789abcdef",
		"00000000-0000-0000-0000-000000000000",
	};
	char text[UUID_TEXT_SIZE];
	struct error err = { 0 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_failure(uuid_parse(texts[i], strlen(texts[i]), text, &err), err,
			ERROR_INVALID, "UUID");
	assert_failure(
		uuid_parse("x", 1, text, &err), err, ERROR_INVALID, "invalid UUID length: 1");
}

static void the_distance_of_words_counts_wrong_letters(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		const char *known;
		size_t distance;
	} rows[] = {
		{ "Roles", "Roles", 0 },
		{ "roles", "Roles", 0 },
		{ "Role", "Roles", 1 },
		{ "Rolles", "Roles", 1 },
		{ "SecurtiyVersion", "SecurityVersion", 2 },
		{ "", "Env", 3 },
		{ "kitten", "sitting", 3 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(spelling_distance(rows[i].word, rows[i].known), rows[i].distance);
}

static void a_number_is_digits_alone_within_its_bound(void **state)
{
	(void)state;
	unsigned long value;
	static const char *const wrong[] = { "", " 1", "+1", "-1", "1 ", "0x1", "65536",
		"18446744073709551617", "http" };
	assert_true(number_parse("65535", 65535, &value));
	assert_int_equal(value, 65535);
	assert_true(number_parse("00", 0, &value));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(number_parse(wrong[i], 65535, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_gain_context_on_the_way_up),
		cmocka_unit_test(a_number_is_digits_alone_within_its_bound),
		cmocka_unit_test(an_endless_message_is_cut),
		cmocka_unit_test(a_reader_never_passes_the_end),
		cmocka_unit_test(a_sub_reader_is_bounded_by_its_parent),
		cmocka_unit_test(a_buf_keeps_a_nul_behind_its_content),
		cmocka_unit_test(text_of_others_cannot_command_a_terminal),
		cmocka_unit_test(hex_accepts_both_cases_and_nothing_else),
		cmocka_unit_test(base64_is_padded_and_strict),
		cmocka_unit_test(json_text_is_escaped_like_go_does),
		cmocka_unit_test(code_points_become_utf8),
		cmocka_unit_test(only_existing_dates_are_read),
		cmocka_unit_test(every_date_is_read_as_it_is_written),
		cmocka_unit_test(files_are_replaced_as_a_whole),
		cmocka_unit_test(a_strmap_is_sorted_and_the_last_of_a_name_wins),
		cmocka_unit_test(secrets_compare_as_a_whole),
		cmocka_unit_test(a_wiping_block_leaves_nothing_behind),
		cmocka_unit_test(uuids_are_read_in_four_forms),
		cmocka_unit_test(other_texts_are_no_uuids),
		cmocka_unit_test(the_distance_of_words_counts_wrong_letters),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
