/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/toml.h"

static json_t *parse(const char *text)
{
	struct error err = { 0 };
	json_t *tree = toml_parse(bytes_of_text(text), &err);
	assert_success(tree, err);
	return tree;
}

static void assert_refused(const char *text, const char *message)
{
	struct error err = { 0 };
	json_t *tree = toml_parse(bytes_of_text(text), &err);
	json_decref(tree);
	assert_failure(tree, err, ERROR_INVALID, message);
}

/* The tree of `text` is the JSON `expected`, the order of the keys included. */
static void assert_tree(const char *text, const char *expected)
{
	json_t *tree = parse(text);
	AUTO(auto_free) char *dumped = json_dumps(tree, JSON_COMPACT);
	assert_string_equal(dumped, expected);
	json_decref(tree);
}

static void assert_written(const char *text, const char *expected)
{
	json_t *tree = parse(text);
	AUTO(buf_free) struct buf out = { 0 };
	toml_write(tree, &out);
	assert_string_equal(buf_text(&out), expected);
	json_t *again = parse(buf_text(&out));
	assert_true(json_equal(tree, again));
	json_decref(again);
	json_decref(tree);
}

static void keys_keep_the_order_of_the_file(void **state)
{
	(void)state;
	assert_tree("z = 1\nsgx.b = 1\nfs.x = 1\nsgx.a = 2\n[loader]\nenv.Z = 'z'\nenv.A = 'a'\n",
		"{\"z\":1,\"sgx\":{\"b\":1,\"a\":2},\"fs\":{\"x\":1},"
		"\"loader\":{\"env\":{\"Z\":\"z\",\"A\":\"a\"}}}");
}

static void every_kind_of_value_has_its_place_in_the_tree(void **state)
{
	(void)state;
	assert_tree("", "{}");
	assert_tree("b = true\nh = 0x10\nr = 1.5\na = [1, 'x', {k = false}]\n\"a b\" = ''\n",
		"{\"b\":true,\"h\":16,\"r\":1.5,\"a\":[1,\"x\",{\"k\":false}],\"a b\":\"\"}");
	assert_tree("d = 2021-07-05\nt = 07:32:00\ndt = 1979-05-27T07:32:00Z\n",
		"{\"d\":\"2021-07-05\",\"t\":\"07:32:00\",\"dt\":\"1979-05-27T07:32:00Z\"}");
	assert_tree("[[l]]\nx=1\n[[l]]\nx=2\n", "{\"l\":[{\"x\":1},{\"x\":2}]}");
}

static void errors_name_line_and_column(void **state)
{
	(void)state;
	assert_refused("a = 1\nb = \n", "line 2, column");
	assert_refused("a = 1\na = 2\n", "line 2, column");
	assert_refused("a = \"\xff\"\n", "line 1, column");
	assert_refused("a = 1\nb = \"x\\u0000y\"\n", "line 2, column 5: a string with a NUL");
	assert_refused("\n\"\\u0000\" = 1\n", "line 2, column 1: a key with a NUL");
	assert_refused("a = nan\n", "line 1, column 5: inf and nan");
}

static char *repeated(const char *start, const char *part, size_t count, const char *end)
{
	AUTO(buf_free) struct buf text = { 0 };
	buf_put_text(&text, start);
	for (size_t i = 0; i < count; i++)
		buf_put_text(&text, part);
	buf_put_text(&text, end);
	return xstrdup(buf_text(&text));
}

static void depth_is_bounded_in_every_form(void **state)
{
	(void)state;
	AUTO(auto_free) char *brackets = repeated("a = ", "[", 100000, "");
	assert_refused(brackets, "line 1");
	AUTO(auto_free) char *dots = repeated("a", ".a", 1000000, " = 1");
	assert_refused(dots, "more than 64 parts");
	AUTO(auto_free) char *header = repeated("x = '''\n''' # \"\n[a", " . a", 1000000, "]");
	assert_refused(header, "more than 64 parts");
	AUTO(auto_free) char *quotes = repeated("x = \"\"\"a\"\"\"\"\"\ny", ".y", 1000000, " = 1");
	assert_refused(quotes, "more than 64 parts");
	assert_tree("a = '................................................................."
		    ".................................................................'",
		"{\"a\":\"................................................................."
		".................................................................\"}");
	AUTO(auto_free) char *whole = repeated("a = ", "{a.a.a.a = ", 20, "1");
	AUTO(auto_free) char *balanced = repeated(whole, "}", 20, "\n");
	assert_refused(balanced, "nested too deeply");
}

static void written_text_reads_back_to_the_same_tree(void **state)
{
	(void)state;
	assert_written("[sgx]\ntrusted_files.x = 'file:x'\ndebug = true\n",
		"[sgx]\ndebug = true\n\n[sgx.trusted_files]\nx = \"file:x\"\n");
	assert_written("a = []\nb = {}\nc = [1, [2, {}], {k = 'v', l = 1.0}]\n",
		"a = []\nc = [\n    1,\n    [2, {}],\n    { k = \"v\", l = 1.0 },\n]\n\n[b]\n");
	assert_written(
		"\"a b\".\"c.d\" = 1e100\n'' = -5\n", "\"\" = -5\n\n[\"a b\"]\n\"c.d\" = 1e+100\n");
	assert_written("s = \"\\\" \\\\ \\n\\t\\b\\f\\r \\u0001 \\u007f \xc3\xa4\"\n",
		"s = \"\\\" \\\\ \\n\\t\\b\\f\\r \\u0001 \\u007F \xc3\xa4\"\n");
	assert_written("[[f]]\nuri = 'a'\nsub.x = 1\n[[f]]\nuri = 'b'\n",
		"[[f]]\nuri = \"a\"\n\n[f.sub]\nx = 1\n\n[[f]]\nuri = \"b\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_keep_the_order_of_the_file),
		cmocka_unit_test(every_kind_of_value_has_its_place_in_the_tree),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(depth_is_bounded_in_every_form),
		cmocka_unit_test(written_text_reads_back_to_the_same_tree),
	};
	return cmocka_run_group_tests_name("toml", tests, NULL, NULL);
}
