/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "dcap/json_field.h"

static void values_stand_where_the_text_has_them(void **state)
{
	(void)state;
	static const char text[] =
		" {\"list\" : [ 1, {\"a\":\"b\"} ,\"c\",[ ]],\r\n\"word\":null,\t\"last\":4294967295} ";
	AUTO(json_tree_free) struct json_tree tree;
	struct error err = { 0 };
	assert_success(json_tree_read(bytes_of_text(text), &tree, &err), err);
	const struct json_node *root = json_tree_root(&tree);
	assert_int_equal(root->count, 3);
	assert_int_equal(root->span, tree.count);
	const struct json_node *list = json_node_member(root, "list");
	assert_int_equal(list->count, 4);
	const struct json_node *value = json_node_first(list);
	assert_int_equal(value->number, 1);
	value = json_node_next(value);
	assert_string_equal(json_node_member(value, "a")->text, "b");
	assert_null(json_node_member(value, "list"));
	value = json_node_next(value);
	assert_string_equal(value->text, "c");
	value = json_node_next(value);
	assert_int_equal(value->kind, JSON_NODE_ARRAY);
	assert_int_equal(value->count, 0);
	assert_ptr_equal(json_node_next(value), json_node_member(root, "word"));
	assert_int_equal(json_node_member(root, "last")->number, UINT32_MAX);
	assert_null(json_node_member(root, "las"));
	assert_null(json_node_member(value, "a"));
}

static void what_is_not_plain_is_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		bool is_plain;
	} values[] = {
		{ "\"INTEL-SA-00615 ~!\"", true },
		{ "\"\"", true },
		{ "\"\\u0041\"", false },
		{ "\"\\/\"", false },
		{ "\"\303\244\"", false },
		{ "\"a\342\202\254b\360\237\230\200\"", false },
		{ "\"\\ud800\"", false },
		{ "\"\x7f\"", false },
		{ "0", true },
		{ "4294967295", true },
		{ "4294967296", false },
		{ "99999999999999999999999999", false },
		{ "-0", false },
		{ "-1", false },
		{ "1.0", false },
		{ "1e1", false },
		{ "1E+1", false },
		{ "0.5e-3", false },
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		AUTO(auto_free) char *text = xasprintf("{\"v\":%s}", values[i].value);
		AUTO(json_tree_free) struct json_tree tree;
		struct error err = { 0 };
		uint32_t number;
		const char *string;
		assert_success(json_tree_read(bytes_of_text(text), &tree, &err), err);
		const struct json_node *root = json_tree_root(&tree);
		if (json_node_member(root, "v")->is_plain != values[i].is_plain)
			fail_msg("%s", text);
		assert_int_equal(json_field_uint(root, "v", UINT32_MAX, &number, &err) ||
					 json_field_text(root, "v", &string, &err),
			values[i].is_plain);
	}
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *message;
	} wrong[] = {
		{ "", "no object at byte 0" },
		{ " [1]", "no object at byte 1" },
		{ "1", "no object at byte 0" },
		{ "{", "no name where one must be at byte 1" },
		{ "{\"a\":1,}", "no name where one must be at byte 7" },
		{ "{a:1}", "no name where one must be at byte 1" },
		{ "{\"a\" 1}", "a name without colon at byte 5" },
		{ "{\"\\u0061\":1}", "a name that is not plain at byte 9" },
		{ "{\"a\":}", "no value where one must be at byte 5" },
		{ "{\"a\":[1,]}", "no value where one must be at byte 8" },
		{ "{\"a\":nul}", "no value where one must be" },
		{ "{\"a\":truee}", "neither comma nor end behind a value at byte 9" },
		{ "{\"a\":1 2}", "neither comma nor end behind a value" },
		{ "{\"a\":1]", "neither comma nor end behind a value" },
		{ "{\"a\":[1}", "neither comma nor end behind a value" },
		{ "{\"a\":1", "neither comma nor end behind a value" },
		{ "{\"a\":1}{}", "more behind its end at byte 7" },
		{ "{\"a\":1},", "more behind its end" },
		{ "{\"a\":01}", "a number with a leading zero" },
		{ "{\"a\":-}", "a number without digits" },
		{ "{\"a\":- 1}", "a number without digits" },
		{ "{\"a\":-01}", "a number with a leading zero" },
		{ "{\"a\":1.}", "a number without digits" },
		{ "{\"a\":.5}", "no value where one must be" },
		{ "{\"a\":1e}", "a number without digits" },
		{ "{\"a\":+1}", "no value where one must be" },
		{ "{\"a\":\"b}", "a text without end" },
		{ "{\"a\":\"\n\"}", "a control character in a text at byte 6" },
		{ "{\"a\":\"ab\200\"}", "a text that is not UTF-8 at byte 8" },
		{ "{\"a\":\"\303\"}", "a text that is not UTF-8 at byte 6" },
		{ "{\"a\":\"\303", "a text that is not UTF-8 at byte 6" },
		{ "{\"a\":\"\300\200\"}", "a text that is not UTF-8" },
		{ "{\"a\":\"\355\240\200\"}", "a text that is not UTF-8" },
		{ "{\"a\":\"\364\220\200\200\"}", "a text that is not UTF-8" },
		{ "{\"a\":\"\303\244\377\"}", "a text that is not UTF-8 at byte 8" },
		{ "{\"\303\":1}", "a text that is not UTF-8 at byte 2" },
		{ "{\"\303\244\":1}", "a name that is not plain" },
		{ "{\"a\":\"\\x\"}", "an escape that does not exist" },
		{ "{\"a\":\"\\u12g4\"}", "an escape without four hex digits" },
		{ "{\"a\":\"\\", "an escape that does not exist" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "a duplicate of the member \"a\"" },
		{ "{\"x\":[{\"a\":1,\"a\":1}]}", "a duplicate of the member \"a\"" },
		{ "{\"a\":[[[[[[[[1]]]]]]]]}", "too many levels" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		AUTO(json_tree_free) struct json_tree tree;
		struct error err = { 0 };
		bool good = json_tree_read(bytes_of_text(wrong[i].text), &tree, &err);
		if (good || err.kind != ERROR_INVALID || !strstr(err.message, wrong[i].message))
			fail_msg("%s: %s", wrong[i].text, good ? "accepted" : err.message);
	}
}

static void nul_is_no_end(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":1}\0";
	AUTO(json_tree_free) struct json_tree tree;
	struct error err = { 0 };
	assert_failure(json_tree_read((struct bytes){ text, sizeof(text) - 1 }, &tree, &err), err,
		ERROR_INVALID, "more behind its end at byte 7");
}

/* An object of so many members, each with a name of its own. */
static void put_members(struct buf *out, unsigned count)
{
	buf_put_text(out, "{");
	for (unsigned i = 0; i < count; i++)
		buf_printf(out, "%s\"m%u\":[%u]", i ? "," : "", i, i);
	buf_put_text(out, "}");
}

static void members_are_bounded_and_elements_are_not(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf most = { 0 };
	AUTO(buf_free) struct buf more = { 0 };
	AUTO(buf_free) struct buf list = { 0 };
	AUTO(json_tree_free) struct json_tree tree = { 0 };
	struct error err = { 0 };
	put_members(&most, JSON_TREE_MEMBERS_MAX);
	put_members(&more, JSON_TREE_MEMBERS_MAX + 1);
	assert_success(json_tree_read(buf_bytes(&most), &tree, &err), err);
	json_tree_free(&tree);
	assert_failure(json_tree_read(buf_bytes(&more), &tree, &err), err, ERROR_INVALID,
		"an object with too many members");
	json_tree_free(&tree);
	buf_put_text(&list, "{\"l\":[0");
	for (unsigned i = 1; i < 100000; i++)
		buf_put_text(&list, ",0");
	buf_put_text(&list, "]}");
	assert_success(json_tree_read(buf_bytes(&list), &tree, &err), err);
	assert_int_equal(json_node_member(json_tree_root(&tree), "l")->count, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_stand_where_the_text_has_them),
		cmocka_unit_test(what_is_not_plain_is_told_apart),
		cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
		cmocka_unit_test(nul_is_no_end),
		cmocka_unit_test(members_are_bounded_and_elements_are_not),
	};
	return cmocka_run_group_tests_name("json_tree", tests, NULL, NULL);
}
