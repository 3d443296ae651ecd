/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "http/target.h"

static void paths_are_decoded_without_query_and_origin(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "/status", "/status" },
		{ "/a%2Fb%20c?x=%zz", "/a/b c" },
		{ "//status", "//status" },
		{ "https://host:4433/status?x", "/status" },
		{ "https://host", "/" },
		{ "/?a/b", "/" },
		{ "/status#part", "/status" },
		{ "/%zz%4", "/%zz%4" },
		{ "/%41%62+", "/Ab+" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf_free) struct buf path = { 0 };
		assert_true(http_target_path(rows[i][0], &path));
		assert_string_equal(buf_text(&path), rows[i][1]);
	}
	AUTO(buf_free) struct buf path = { 0 };
	static const char *const none[] = { "/a%00b", "", "*", "status", ".status", "?a" };
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_false(http_target_path(none[i], &path));
	assert_string_equal(http_target_query("/a?b=c?d"), "b=c?d");
	assert_string_equal(http_target_query("/a"), "");
}

static void paths_are_cleaned(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "/", "/" },
		{ "", "/" },
		{ "/status", "/status" },
		{ "/status/", "/status/" },
		{ "//a///b", "/a/b" },
		{ "/a/./b/.", "/a/b" },
		{ "/a/../b", "/b" },
		{ "/../../a", "/a" },
		{ "/a/b/../../..", "/" },
		{ "/...", "/..." },
		{ "/.a/b..", "/.a/b.." },
		{ "a", "/a" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf_free) struct buf clean = { 0 };
		http_path_clean(rows[i][0], &clean);
		assert_string_equal(buf_text(&clean), rows[i][1]);
		/* what is clean stays */
		AUTO(buf_free) struct buf again = { 0 };
		http_path_clean(buf_text(&clean), &again);
		assert_string_equal(buf_text(&again), rows[i][1]);
	}
}

static void a_location_cannot_end_the_header(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf encoded = { 0 };
	http_path_encode("/a b\r\nX: y/\xc3\xa9?", &encoded);
	assert_string_equal(buf_text(&encoded), "/a%20b%0D%0AX%3A%20y/%C3%A9%3F");
}

static bool collect(void *context, struct bytes value)
{
	buf_put(context, value.data, value.size);
	buf_put_u8(context, '|');
	return true;
}

static void every_value_of_a_parameter_is_visited(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "s=a&t=b&s=c", "a|c|" },
		{ "s=a%26b&s=c+d&s=%2B", "a&b|c d|+|" },
		{ "s&s=&&S=x", "||" },
		{ "%73=encoded", "encoded|" },
		{ "s=a=b", "a=b|" },
		{ "s=%&s=%2&s=%2g", "%|%2|%2g|" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(buf_free) struct buf found = { 0 };
		assert_true(http_query_each(rows[i][0], "s", collect, &found));
		assert_string_equal(buf_text(&found), rows[i][1]);
	}
	AUTO(buf_free) struct buf with_nul = { 0 };
	assert_true(http_query_each("s=a%00b", "s", collect, &with_nul));
	assert_int_equal(with_nul.size, 4);
	AUTO(buf_free) struct buf first = { 0 };
	assert_true(http_query_get("s=a&s=b", "s", &first));
	assert_string_equal(buf_text(&first), "a");
	assert_false(http_query_get("t=a", "s", &first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_decoded_without_query_and_origin),
		cmocka_unit_test(paths_are_cleaned),
		cmocka_unit_test(a_location_cannot_end_the_header),
		cmocka_unit_test(every_value_of_a_parameter_is_visited),
	};
	return cmocka_run_group_tests_name("http_target", tests, NULL, NULL);
}
