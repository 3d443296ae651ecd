/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "cli/toml_text.h"

static void assert_found(const char *text, const char *key, const char *expected)
{
	struct bytes value;
	struct error err = { 0 };
	assert_success(toml_text_find(bytes_of_text(text), key, &value, &err), err);
	assert_int_equal(value.size, strlen(expected));
	assert_memory_equal(value.data, expected, value.size);
}

static void values_end_where_toml_says(void **state)
{
	(void)state;
	assert_found("a.b = 1", "a.b", "1");
	assert_found("x = 0\n \t a.b\t=  \"y # z\" # comment\n", "a.b", "\"y # z\"");
	assert_found("a.b = 'it\\'   \r\nc = 1", "a.b", "'it\\'");
	assert_found("a.b = \"q\\\" # \\\\\" # c", "a.b", "\"q\\\" # \\\\\"");
	assert_found("a.b = [ 1, [2, '#]'], # ]\n \"]\" ] # c\n", "a.b",
		"[ 1, [2, '#]'], # ]\n \"]\" ]");
	assert_found("a.b = { c = \"}\" }", "a.b", "{ c = \"}\" }");
	assert_found(
		"a.b = \"\"\"x\"y\n# no\n\"\"\"\"\" # c", "a.b", "\"\"\"x\"y\n# no\n\"\"\"\"\"");
	assert_found("a.b = '''\\'''", "a.b", "'''\\'''");
	assert_found("a.b = \"\"", "a.b", "\"\"");
}

static void keys_are_whole_and_start_their_line(void **state)
{
	(void)state;
	struct bytes value;
	struct error err = { 0 };
	assert_found("xa.b = 1\na.bc = 2\na.b.c = 3\n# a.b = 4\na.b = 5\n", "a.b", "5");
	assert_failure(toml_text_find(bytes_of_text("[a]\nb = 1\n"), "a.b", &value, &err), err,
		ERROR_NOT_FOUND, "failed to detect position of config entry a.b");
	assert_failure(toml_text_find(bytes_of_text("a.b = 1\na.b = 2"), "a.b", &value, &err), err,
		ERROR_INVALID, "found multiple matches for a single entry: a.b");
	assert_failure(toml_text_find((struct bytes){ 0 }, "a.b", &value, &err), err,
		ERROR_NOT_FOUND, "a.b");
}

static void assert_added(const char *array, const char *expected)
{
	AUTO(buf_free) struct buf out = { 0 };
	struct bytes text = bytes_of_text(array ? array : "");
	toml_text_add_element(array ? &text : NULL, "new", &out);
	assert_string_equal(buf_text(&out), expected);
}

static void arrays_get_a_line_per_element(void **state)
{
	(void)state;
	assert_added(NULL, "[\n  new,\n]");
	assert_added("[]", "[\n  new,\n]");
	assert_added("[1,[2,3] ,\"a,b\"]", "[\n  1,\n  [2,3],\n  \"a,b\",\n  new,\n]");
	assert_added("[ # all\n 1, # one\r\n # two\n 2 # end\n , 3 # three\n # last\n]",
		"[ # all\n  1, # one\n  # two\n  2, # end\n  3, # three\n  # last\n  new,\n]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_end_where_toml_says),
		cmocka_unit_test(keys_are_whole_and_start_their_line),
		cmocka_unit_test(arrays_get_a_line_per_element),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
