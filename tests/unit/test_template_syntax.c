/* SPDX-License-Identifier: Apache-2.0 */
#include "template_rows.h"

static void text_outside_of_actions_stays_as_it_is(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "" },
		{ "a\n }} { \r\n", "a\n }} { \r\n" },
		{ "x{{ \"}}\" }}{{ \"{{\" }}y", "x}}{{y" },
		{ "a {{1}} b {{2}}\nc", "a 1 b 2\nc" },
		{ "a {{- 1 }} b", "a1 b" },
		{ "a \t\n{{- 1 -}}\n b", "a1b" },
		{ "a {{-1}} b", "a -1 b" },
		{ "{{- 1 -}}", "1" },
		{ "{{ 1 -}} {{- 2 }}", "12" },
		{ "a {{/* }} \"c */}} b", "a  b" },
		{ "a {{- /* c\n */ -}} b", "ab" },
		{ "{{\n1\n}}", "1" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	struct bytes binary = { "\0{{1}}\xff\0", 8 };
	struct template *template = template_parse(binary, TEMPLATE_FOR_FILE, &err);
	assert_success(template != NULL, err);
	assert_success(template_execute(template, &(struct template_data){ 0 }, &out, &err), err);
	template_free(template);
	assert_int_equal(out.size, 4);
	assert_memory_equal(out.data,
		"\0"
		"1\xff\0",
		4);
}

static void literals_are_those_of_go(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ 1 }} {{ -3 }} {{ +3 }} {{ 1_000 }}", "1 -3 3 1000" },
		{ "{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 0 }}", "31 3 15 15 0" },
		{ "{{ 9223372036854775807 }}", "9223372036854775807" },
		{ "{{ -9223372036854775808 }}", "-9223372036854775808" },
		{ "{{ 'a' }} {{ '\\n' }} {{ '\\'' }} {{ '\\u00e9' }} {{ '\xc3\xa9' }}",
			"97 10 39 233 233" },
		{ "{{ 1.50 }} {{ 100000.0 }} {{ 1e6 }} {{ 123456789.0 }} {{ 0.0001 }} {{ 1e-5 }}",
			"1.5 100000 1e+06 1.23456789e+08 0.0001 1e-05" },
		{ "{{ .5 }} {{ 1e3 }} {{ 0.1 }} {{ 5e-324 }}", "0.5 1000 0.1 5e-324" },
		{ "{{ true }} {{ false }}", "true false" },
		{ "{{ \"a\\tb\\\"\\x41\\u00e9\\101\\U0001f600\" }}", "a\tb\"A\xc3\xa9"
								     "A\xf0\x9f\x98\x80" },
		{ "{{ \"\\xff\" }}", "\xff" },
		{ "{{ `raw\\n\"\r\n` }}", "raw\\n\"\n" },
		{ "{{ \"\" }}", "" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{ 1a }}", PARSE "bad number syntax: \"1a\"" },
		{ "{{ 0x }}", PARSE "illegal number syntax: \"0x\"" },
		{ "{{ 09 }}", PARSE "integer overflow: \"09\"" },
		{ "{{ 1__0 }}", PARSE "illegal number syntax: \"1__0\"" },
		{ "{{ 9223372036854775808 }}", PARSE "integer overflow: \"9223372036854775808\"" },
		{ "{{ 1e999 }}", PARSE "illegal number syntax: \"1e999\"" },
		{ "{{ 'ab' }}", PARSE "malformed character constant: 'ab'" },
		{ "{{ '\\\"' }}", PARSE "malformed character constant: '\\\"'" },
		{ "{{ \"a\\qb\" }}", PARSE "invalid syntax" },
		{ "{{ \"\\'\" }}", PARSE "invalid syntax" },
		{ "{{ \"\\400\" }}", PARSE "invalid syntax" },
		{ "{{ \"\\ud800\" }}", PARSE "invalid syntax" },
		{ "{{ \"abc }}", PARSE "unterminated quoted string" },
		{ "{{ \"abc\n\" }}", PARSE "unterminated quoted string" },
		{ "{{ `abc }}", PARSE "unterminated raw quoted string" },
		{ "{{ 'a }}", PARSE "unterminated character constant" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void pipelines_and_parentheses_pass_values_on(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ .Secrets.key.Private | hex | print }}", "0102ff" },
		{ "{{ print (hex .Secrets.key | print) }}", "0102ff" },
		{ "{{ print ( 1 ) (( 2 )) }}", "1 2" },
		{ "{{ (index .Secrets \"key\").Size }}", "24" },
		{ "{{ \"abc\" | printf \"%s-%s\" \"x\" }}", "x-abc" },
		{ "{{ 1 | }}", "1" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{ 1 2 }}", AT(1, 3, "1") "can't give argument to non-function 1" },
		{ "{{ (1) 2 }}", AT(1, 3, "(1) 2") "can't give argument to non-function 1" },
		{ "{{ 1 | (2) }}", AT(1, 3, "1") "can't give argument to non-function 2" },
		{ "{{ nil }}", AT(1, 3, "nil") "nil is not a command" },
		{ "{{ hex (print   1   |  print) }}",
			AT(1, 3, "hex (print 1 | print)") "error calling hex: invalid secret "
							  "type" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void malformed_templates_are_refused_with_their_line(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ foo .Secrets }}", PARSE "function \"foo\" not defined" },
		{ "\n\n{{ foo }}", "template: data:3: function \"foo\" not defined" },
		{ "{{ . }", PARSE "unexpected \"}\" in operand" },
		{ "{{ }}", PARSE "missing value for command" },
		{ "{{ () }}", PARSE "missing value for parenthesized pipeline" },
		{ "{{ 1", PARSE "unclosed action" },
		{ "{{ 1\n", "template: data:2: unclosed action started at data:1" },
		{ "{{\n\n\"", "template: data:3: unterminated quoted string in action started at "
			      "data:1" },
		{ "{{ (1 }}", PARSE "unclosed left paren" },
		{ "{{ 1 ) }}", PARSE "unexpected right paren" },
		{ "{{ | }}", PARSE "unexpected \"|\" in command" },
		{ "{{ 1 || 2 }}", PARSE "unexpected \"|\" in command" },
		{ "{{ 1 | 2 }}", PARSE "non executable command in pipeline stage 2" },
		{ "{{ \"a\".b }}", PARSE "unexpected . after term \"\\\"a\\\"\"" },
		{ "{{ nil.b }}", PARSE "unexpected . after term \"nil\"" },
		{ "{{ ..a }}", PARSE "unexpected . after term \".\"" },
		{ "{{ .a.}}", PARSE "unexpected <.> in operand" },
		{ "{{ .a,b }}", PARSE "unexpected \",\" in operand" },
		{ "{{ .a = 1 }}", PARSE "unexpected \"=\" in operand" },
		{ "{{ print if }}", PARSE "unexpected <if> in operand" },
		{ "{{{ 1 }}}", PARSE "unexpected \"{\" in command" },
		{ "{{ # }}", PARSE "unexpected \"#\" in command" },
		{ "{{ .a# }}", PARSE "bad character U+0023 '#'" },
		{ "{{ .a : }}", PARSE "expected :=" },
		{ "{{ \x01 }}", PARSE "unrecognized character in action: U+0001" },
		{ "{{ \xc2\xa0 }}", PARSE "unrecognized character in action: U+00A0" },
		{ "{{ \xe2\x80\x9cx }}",
			PARSE "unrecognized character in action: U+201C '\xe2\x80\x9c'" },
		{ "{{ /* c */ }}", PARSE "unexpected \"/\" in command" },
		{ "{{/* c }}", PARSE "unclosed comment" },
		{ "{{/* c */ }}", PARSE "comment ends before closing delimiter" },
		{ "{{ end }}", PARSE "unexpected {{end}}" },
		{ "{{ else }}", PARSE "unexpected {{else}}" },
		{ "{{ js 1 }}",
			PARSE "function \"js\" not defined: this version does not support it" },
	};
	CHECK_FILE(rows, ERROR_INVALID);
}

static void templates_within_templates_are_refused_by_name(void **state)
{
	(void)state;
#define WITHIN(name) PARSE "{{" name "}}: this version does not support templates within templates"
	static const struct row rows[] = {
		{ "{{ define \"x\" }}{{ end }}", WITHIN("define") },
		{ "{{ template \"x\" }}", WITHIN("template") },
		{ "{{ block \"x\" . }}{{ end }}", WITHIN("block") },
	};
	CHECK_FILE(rows, ERROR_UNSUPPORTED);
}

static void nesting_is_limited(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	buf_put_text(&text, "{{");
	put_times(&text, 64, "(");
	buf_put_text(&text, "1");
	put_times(&text, 64, ")");
	buf_put_text(&text, "}}");
	assert_success(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err);
	assert_string_equal(buf_text(&out), "1");
	buf_clear(&text);
	buf_put_text(&text, "{{");
	put_times(&text, 100000, "(");
	assert_failure(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err,
		ERROR_INVALID, "more than 64 parentheses and control structures in each other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_outside_of_actions_stays_as_it_is),
		cmocka_unit_test(literals_are_those_of_go),
		cmocka_unit_test(pipelines_and_parentheses_pass_values_on),
		cmocka_unit_test(malformed_templates_are_refused_with_their_line),
		cmocka_unit_test(templates_within_templates_are_refused_by_name),
		cmocka_unit_test(nesting_is_limited),
	};
	return cmocka_run_group_tests_name("template_syntax", tests, NULL, NULL);
}
