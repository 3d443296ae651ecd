/* SPDX-License-Identifier: Apache-2.0 */
/* What programs offer to templates. The language itself is compared with Jinja2 in tests/e2e. */
#include "unit.h"

#include "base/cleanup.h"
#include "graphene/jinja.h"

static bool joined_call(json_t *bound, const struct jinja_value *args, size_t count,
	struct jinja_value *out, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!count)
		return error_set(err, ERROR_NOT_FOUND, "nothing to join");
	buf_put_text(&text, bound ? json_string_value(bound) : "");
	for (size_t i = 0; i < count; i++) {
		if (!jinja_put_text(&args[i], &text, err))
			return false;
	}
	return jinja_set_text(out, buf_text(&text), err);
}

static bool plain_path(json_t *bound, struct jinja_value *out, struct error *err)
{
	(void)bound;
	return jinja_set_text(out, "/plain", err);
}

static const struct jinja_object joined = {
	.name = "joined", .call = joined_call, .plain = plain_path
};

/* `joined` is a function bound to what the tool is bound to; other names of its own it has not. */
static bool tool_get(json_t *bound, const char *name, struct jinja_value *out, struct error *err)
{
	if (!strcmp(name, "fails"))
		return error_set(err, ERROR_UNAVAILABLE, "not today");
	if (!strcmp(name, "joined"))
		*out = (struct jinja_value){ JINJA_OBJECT, json_incref(bound), &joined };
	return true;
}

static const struct jinja_object tool = { .name = "tool", .get = tool_get };

static bool render(const char *text, struct buf *out, struct error *err)
{
	struct jinja_variable variables[] = {
		{ "name", { JINJA_DATA, json_string("old"), NULL } },
		{ "tool", { JINJA_OBJECT, json_string("bound "), &tool } },
		{ "name", { JINJA_DATA, json_string("new"), NULL } },
		{ "table", { JINJA_DATA, json_pack("{s:{s:i}}", "a", "b", 7), NULL } },
	};
	bool good = jinja_render(bytes_of_text(text), variables, 4, out, err);
	for (size_t i = 0; i < 4; i++)
		jinja_value_free(&variables[i].value);
	return good;
}

static void assert_rendered(const char *text, const char *expected)
{
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_success(render(text, &out, &err), err);
	assert_string_equal(buf_text(&out), expected);
}

static void assert_refused(const char *text, enum error_kind kind, const char *message)
{
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(render(text, &out, &err), err, kind, message);
}

static void templates_use_what_the_program_offers(void **state)
{
	(void)state;
	assert_rendered("{{ name }}", "new");
	assert_rendered("{{ table.a.b }} {{ table['a']['b'] + 1 }} {{ 'a' in table }}", "7 8 True");
	assert_rendered("{{ tool.joined('x', 1, true) }}", "bound x1True");
	assert_rendered("{{ tool.joined }} {{ tool.joined / 'a' / 'b' }}", "/plain /plain/a/b");
	assert_rendered("{{ tool.joined / '/abs' }} {{ 'a/' / 'b' }} {{ 'a' / '' }}", "/abs a/b a");
	assert_rendered(
		"{% set t = tool %}{{ t.other is defined }} {{ t['joined']('') }}", "False bound ");
	assert_rendered("{{ '/'.is_dir() }}{{ '/'.is_file() }}{{ '/dev/null'.is_file() }}",
		"TrueFalseFalse");
}

static void errors_of_the_program_keep_their_kind(void **state)
{
	(void)state;
	assert_refused("\n{{ tool.joined() }}", ERROR_NOT_FOUND,
		"line 2: {{ tool.joined() }}: joined(): nothing to join");
	assert_refused("{{ tool.fails }}", ERROR_UNAVAILABLE, "not today");
	assert_refused("{{ tool }}", ERROR_INVALID, "'tool' has no value of its own");
	assert_refused("{{ tool() }}", ERROR_INVALID, "only functions");
	assert_refused("{{ tool.joined(missing) }}", ERROR_INVALID, "'missing' is undefined");
	assert_refused("{{ table.a }}", ERROR_INVALID, "no text");
	assert_refused("{{ [1][[2]] }}", ERROR_INVALID, "a subscript is");
	assert_refused("a\nb\n{{ name\n| lower(1) }}", ERROR_INVALID,
		"line 3: {{ name: filter lower: takes 0 to 0 arguments");
}

static void text_that_cannot_be_is_refused(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	assert_failure(jinja_render((struct bytes){ "a\n\0", 3 }, NULL, 0, &out, &err), err,
		ERROR_INVALID, "line 2: a template is UTF-8 text without NUL");
	assert_refused("\xff", ERROR_INVALID, "line 1: a template is UTF-8");
	struct jinja_value value = { 0 };
	assert_failure(jinja_set_text(&value, "\xff", &err), err, ERROR_INVALID, "UTF-8");
	assert_true(jinja_render((struct bytes){ 0 }, NULL, 0, &out, &err));
	assert_int_equal(out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_use_what_the_program_offers),
		cmocka_unit_test(errors_of_the_program_keep_their_kind),
		cmocka_unit_test(text_that_cannot_be_is_refused),
	};
	return cmocka_run_group_tests_name("jinja", tests, NULL, NULL);
}
