/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "cli/manifest_file.h"
#include "cli/yaml_json.h"
#include "cli/yaml_tree.h"

#define assert_becomes(yaml, expected)                                                             \
	do {                                                                                       \
		AUTO(buf_free) struct buf json_ = { 0 };                                           \
		struct error err_ = { 0 };                                                         \
		assert_success(yaml_to_json(bytes_of_text(yaml), &json_, &err_), err_);            \
		assert_string_equal(buf_text(&json_), expected);                                   \
	} while (0)

#define assert_refused(yaml, text)                                                                 \
	do {                                                                                       \
		AUTO(buf_free) struct buf json_ = { 0 };                                           \
		struct error err_ = { 0 };                                                         \
		assert_failure(yaml_to_json(bytes_of_text(yaml), &json_, &err_), err_,             \
			ERROR_INVALID, text);                                                      \
	} while (0)

static void members_are_sorted_and_nothing_is_added(void **state)
{
	(void)state;
	assert_becomes("b: {d: x, c: z}\na:\n  - p\n  - {}\n  - []\n",
		"{\"a\":[\"p\",{},[]],\"b\":{\"c\":\"z\",\"d\":\"x\"}}");
	assert_becomes("Z: 1\na: 2\n\"\": 3\nab: 4\n", "{\"\":3,\"Z\":1,\"a\":2,\"ab\":4}");
}

static void texts_are_escaped_as_go_does_it(void **state)
{
	(void)state;
	assert_becomes("a: \"<b> & \\\"c\\\" \\u2028 \\x01 \\n\"",
		"{\"a\":\"\\u003cb\\u003e \\u0026 \\\"c\\\" \\u2028 \\u0001 \\n\"}");
	assert_becomes("a: |\n  one\n  two\nb: >-\n  one\n  two\n",
		"{\"a\":\"one\\ntwo\\n\",\"b\":\"one two\"}");
	assert_becomes("a: \"x\\0y\"", "{\"a\":\"x\\u0000y\"}");
	assert_becomes(
		"gr\xc3\xbc\xc3\x9f: \xe2\x82\xac", "{\"gr\xc3\xbc\xc3\x9f\":\"\xe2\x82\xac\"}");
}

static void words_have_the_types_of_yaml_1_1(void **state)
{
	(void)state;
	assert_becomes("[y, Y, yes, Yes, YES, true, True, TRUE, on, On, ON]",
		"[true,true,true,true,true,true,true,true,true,true,true]");
	assert_becomes("[n, N, no, No, NO, false, False, FALSE, off, Off, OFF]",
		"[false,false,false,false,false,false,false,false,false,false,false]");
	assert_becomes("[~, null, Null, NULL, ]", "[null,null,null,null]");
	assert_becomes("a:\nb: ''\n", "{\"a\":null,\"b\":\"\"}");
	assert_becomes("[yEs, TrUE, nULL, oN, 'yes', \"null\", yes no]",
		"[\"yEs\",\"TrUE\",\"nULL\",\"oN\",\"yes\",\"null\",\"yes no\"]");
}

static void whole_numbers_have_the_forms_of_yaml_1_1(void **state)
{
	(void)state;
	assert_becomes("[0, 10, -10, +10, 1_000, -0, 00]", "[0,10,-10,10,1000,0,0]");
	assert_becomes("[0x1F, 0X_1f, -0xa, 0b101, -0b10, 0o17, 0755, -010]",
		"[31,31,-10,5,-2,15,493,-8]");
	assert_becomes("[9223372036854775807, -9223372036854775808, 18446744073709551615]",
		"[9223372036854775807,-9223372036854775808,18446744073709551615]");
	/* beyond 64 bits, and octal numbers with an 8 or 9, are read as floats */
	assert_becomes("[18446744073709551616, -9223372036854775809, 089]",
		"[18446744073709552000,-9223372036854776000,89]");
	assert_becomes("[0x, 0xg, 0b2, 1__, 50cent_of, -b_c, '12', 1:30]",
		"[\"0x\",\"0xg\",\"0b2\",1,\"50cent_of\",\"-b_c\",\"12\",\"1:30\"]");
}

static void fractions_are_written_as_go_writes_them(void **state)
{
	(void)state;
	assert_becomes("[1.5, .5, 5., 1e3, 1.0, -1.5e-10, 685_230.15, 6.8523e+5, 1e-6]",
		"[1.5,0.5,5,1000,1,-1.5e-10,685230.15,685230,0.000001]");
	assert_becomes("[1e20, 1e21, 1.2345678901234568e20, 1e-7, -0.0, 1e999, 1e, 1.2.3]",
		"[100000000000000000000,1e+21,123456789012345680000,1e-7,-0,\"1e999\",\"1e\",\"1.2.3\"]");
	assert_becomes("[5e-324, 1.7976931348623157e308, 0.1, 100.25, 1._5, ._5]",
		"[5e-324,1.7976931348623157e+308,0.1,100.25,1.5,\"._5\"]");
	assert_refused("a: 1\nb: .inf\n", "line 2: JSON cannot express .inf");
	assert_refused("[-.Inf]", "cannot express");
	assert_refused("[.NaN]", "cannot express");
}

static void dates_stay_text(void **state)
{
	(void)state;
	assert_becomes(
		"[2021-09-30, 2021-09-30T12:00:00Z]", "[\"2021-09-30\",\"2021-09-30T12:00:00Z\"]");
}

static void tags_decide_the_type(void **state)
{
	(void)state;
	assert_becomes("[!!str 12, !!int '12', !!float 3, !!float '1.1', !!bool 'on', !!null '']",
		"[\"12\",12,3,1.1,true,null]");
	assert_becomes("[!!binary aGk=, !mine 12, ! 12, !!timestamp 2021-01-01]",
		"[\"hi\",\"12\",\"12\",\"2021-01-01\"]");
	assert_refused("[\n!!int x]", "line 2: \"x\" is no !!int");
	assert_refused("[!!int 1.5]", "is no !!int");
	assert_refused("[!!bool 1]", "is no !!bool");
	assert_refused("[!!binary '?']", "not followed by base64");
}

static void keys_become_texts(void **state)
{
	(void)state;
	assert_becomes("1: a\nyes: b\n0x10: c\n2021-01-01: d\n",
		"{\"1\":\"a\",\"16\":\"c\",\"2021-01-01\":\"d\",\"true\":\"b\"}");
	assert_refused("a: 1\n~: 2\n", "line 2: the key \"~\" is a null: put it in quotes");
	assert_refused("1.5: 2\n", "the key \"1.5\" is a float");
	assert_refused("? [a]\n: 1\n", "line 1: a key must be a text");
}

static void a_key_may_stand_once(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: 2\na: 3\n", "line 3: the key \"a\" is there already, in line 1");
	assert_refused("1: x\n'1': y\n", "the key \"1\" is there already");
	assert_refused("x: {q: 1, q: 2}\n", "the key \"q\"");
	assert_refused("<<: {a: 1, a: 2}\n", "the key \"a\"");
	assert_becomes("a: {x: 1}\nb: {x: 1}\n", "{\"a\":{\"x\":1},\"b\":{\"x\":1}}");
}

static void aliases_repeat_and_merge(void **state)
{
	(void)state;
	assert_becomes("a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}");
	assert_becomes("a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}");
	assert_becomes("base: &b {x: 1, z: 2}\nd:\n  <<: *b\n  x: 5\n",
		"{\"base\":{\"x\":1,\"z\":2},\"d\":{\"x\":5,\"z\":2}}");
	assert_becomes("d:\n  <<: [{x: 1}, {x: 2, z: 3}, {x: 4}]\n  zz: 0\n",
		"{\"d\":{\"x\":1,\"z\":3,\"zz\":0}}");
	assert_becomes("a: &a {x: 1}\nb: &b {<<: *a, z: 2}\nc: {<<: *b, z: 3}\n",
		"{\"a\":{\"x\":1},\"b\":{\"x\":1,\"z\":2},\"c\":{\"x\":1,\"z\":3}}");
	assert_becomes("'<<': 1\n", "{\"\\u003c\\u003c\":1}");
	assert_refused("a: *x\n", "line 1: there is no anchor \"x\"");
	assert_refused("a: &x [*x]\n", "anchor \"x\" contains itself");
	assert_refused("a: 1\n<<: 5\n", "line 2: \"<<\" takes a mapping or a list of mappings");
	assert_refused("<<: [{a: 1}, 2]\n", "\"<<\" takes");
}

static void aliases_cannot_grow_without_bound(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf lists = { 0 };
	AUTO(buf_free) struct buf merges = { 0 };
	AUTO(buf_free) struct buf chain = { 0 };
	buf_put_text(&lists, "a0: &a0 [x]\n");
	buf_put_text(&merges, "a0: &a0 {x: 1}\n");
	buf_put_text(&chain, "a0: &a0 [x]\n");
	for (int i = 1; i < 40; i++) {
		buf_printf(&lists, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
		buf_printf(&merges, "a%d: &a%d {<<: [*a%d, *a%d]}\n", i, i, i - 1, i - 1);
	}
	for (int i = 1; i < 2 * YAML_DEPTH_MAX; i++)
		buf_printf(&chain, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_refused(buf_text(&lists), "its aliases make the document too large");
	assert_refused(buf_text(&merges), "its aliases make the document too large");
	assert_refused(buf_text(&chain), "nested more than 100 levels deep");
}

static void size_and_depth_have_limits(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf deep = { 0 };
	AUTO(buf_free) struct buf wide = { 0 };
	for (int i = 0; i <= YAML_DEPTH_MAX; i++)
		buf_put_text(&deep, "[");
	assert_refused(buf_text(&deep), "line 1: nested more than 100 levels deep");
	buf_put_text(&wide, "[");
	for (int i = 0; i <= YAML_NODES_MAX; i++)
		buf_put_text(&wide, "x,");
	buf_put_text(&wide, "]");
	assert_refused(buf_text(&wide), "more than 200000 values");
}

static void malformed_documents_name_the_place(void **state)
{
	(void)state;
	assert_refused("a: [1, 2\nb: 3\n", "line 2, column 2: ");
	assert_refused("a: b: c\n", "line 1, column 5: mapping values are not allowed");
	assert_refused("a:\n\t- b\n", "line 2, column 1: ");
	assert_refused("a: \x80\n", "invalid");
	assert_refused("", "it is empty");
	assert_refused("# nothing\n", "it is empty");
	assert_refused("a: 1\n---\nb: 2\n", "line 2: a second document starts");
}

static void json_is_taken_as_it_is(void **state)
{
	(void)state;
	static const char *const texts[] = { "{ \"b\": 1,\r\n\t\"a\" : [ 1e2 ] }\n",
		"{\"a\": 18446744073709551615}", "{\"a\":\"\\u003c<\\u0000\"}",
		"{\"a\":1,\"a\":2}" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO(buf_free) struct buf json = { 0 };
		struct error err = { 0 };
		assert_success(manifest_text_to_json(bytes_of_text(texts[i]), &json, &err), err);
		assert_string_equal(buf_text(&json), texts[i]);
	}
}

static void what_is_no_manifest_is_refused_in_the_terms_of_its_form(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "{\n  \"a\": 1\n  \"b\": 2\n}\n", "malformed JSON: line 3, column 5: " },
		{ "a: 1\nb: [\n", "malformed YAML: line 3, column 1: " },
		{ "just text\n", "neither a JSON object nor a YAML mapping" },
		{ "- a\n- b\n", "neither a JSON object nor a YAML mapping" },
		{ "", "malformed YAML: it is empty" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO(buf_free) struct buf json = { 0 };
		struct error err = { 0 };
		assert_failure(manifest_text_to_json(bytes_of_text(cases[i][0]), &json, &err), err,
			ERROR_INVALID, cases[i][1]);
		assert_int_equal(json.size, 0);
	}
}

static void the_fingerprint_is_that_of_the_converted_text(void **state)
{
	(void)state;
	char of_json[MANIFEST_FINGERPRINT_SIZE];
	char of_yaml[MANIFEST_FINGERPRINT_SIZE];
	AUTO(buf_free) struct buf json = { 0 };
	struct error err = { 0 };
	assert_success(manifest_text_to_json(bytes_of_text("b: 1\na: x\n"), &json, &err), err);
	manifest_fingerprint(buf_bytes(&json), of_yaml);
	manifest_fingerprint(bytes_of_text("{\"a\":\"x\",\"b\":1}"), of_json);
	assert_string_equal(of_yaml, of_json);
	/* printf '{}' | sha256sum */
	manifest_fingerprint(bytes_of_text("{}"), of_json);
	assert_string_equal(
		of_json, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_sorted_and_nothing_is_added),
		cmocka_unit_test(texts_are_escaped_as_go_does_it),
		cmocka_unit_test(words_have_the_types_of_yaml_1_1),
		cmocka_unit_test(whole_numbers_have_the_forms_of_yaml_1_1),
		cmocka_unit_test(fractions_are_written_as_go_writes_them),
		cmocka_unit_test(dates_stay_text),
		cmocka_unit_test(tags_decide_the_type),
		cmocka_unit_test(keys_become_texts),
		cmocka_unit_test(a_key_may_stand_once),
		cmocka_unit_test(aliases_repeat_and_merge),
		cmocka_unit_test(aliases_cannot_grow_without_bound),
		cmocka_unit_test(size_and_depth_have_limits),
		cmocka_unit_test(malformed_documents_name_the_place),
		cmocka_unit_test(json_is_taken_as_it_is),
		cmocka_unit_test(what_is_no_manifest_is_refused_in_the_terms_of_its_form),
		cmocka_unit_test(the_fingerprint_is_that_of_the_converted_text),
	};
	return cmocka_run_group_tests_name("cli_yaml", tests, NULL, NULL);
}
