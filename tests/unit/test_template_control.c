/* SPDX-License-Identifier: Apache-2.0 */
/* Control structures, variables and comparisons of templates. */
#include "template_rows.h"

static void conditions_choose_what_is_shown(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a{{if true}}b{{end}}c{{if false}}d{{end}}e", "abce" },
		{ "{{if false}}a{{else}}b{{end}}", "b" },
		{ "{{if false}}a{{else if true}}b{{else}}c{{end}}", "b" },
		{ "{{if 0}}a{{else if 0}}b{{else if 0}}c{{else}}d{{end}}", "d" },
		{ "{{if 1}}{{if 0}}a{{else}}b{{end}}{{else}}c{{end}}", "b" },
		{ "a \n{{- if true -}} \n b \n{{- end -}} \n c", "abc" },
		{ "{{if .Secrets.foo}}a{{else}}b{{end}}", "b" },
		{ "{{if .Secrets.key}}a{{end}}{{if .Secrets.key.Private}}b{{end}}", "ab" },
		{ "{{if .Secrets.empty.Private}}a{{else}}b{{end}}", "b" },
		{ "{{if .Secrets}}a{{end}}{{if .}}b{{end}}{{if .MarbleRun}}c{{end}}", "abc" },
		{ "{{if .Secrets.cert.Shared}}a{{end}}{{if .Secrets.key.Shared}}b{{end}}", "a" },
		{ "{{if \"\"}}a{{end}}{{if \" \"}}b{{end}}{{if 0.0}}c{{end}}{{if .1}}d{{end}}",
			"bd" },
		{ "{{if not .Secrets.foo}}a{{end}}", "a" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	CHECK_ENV(rows, ERROR_NONE);
}

static void with_moves_the_dot(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{with .Secrets}}{{hex .key}}{{end}}", "0102ff" },
		{ "{{with .Secrets.key}}{{.Type}} {{hex .Private}} {{hex .}}{{end}}",
			"symmetric-key 0102ff 0102ff" },
		{ "{{with .Secrets.key}}{{hex $.Secrets.key}}{{end}}", "0102ff" },
		{ "{{with .Secrets.foo}}a{{else}}{{.Secrets.key.Size}}{{end}}", "24" },
		{ "{{with .Secrets.foo}}a{{else with .Secrets.key}}{{.Size}}{{else}}b{{end}}",
			"24" },
		{ "{{with 1}}{{with 2}}{{.}}{{end}}{{.}}{{end}}", "21" },
		{ "{{with $x := hex .Secrets.key}}{{$x}}{{.}}{{end}}", "0102ff0102ff" },
		{ "{{with .Previous}}{{hex .Secrets.cert.Cert}}{{end}}", "726f6f74" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{with .Secrets.key}}{{.Secrets}}{{end}}",
			AT(1, 23,
				".Secrets") "can't evaluate field Secrets in type manifest.Secret" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void range_goes_through_secrets_by_name_and_through_bytes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{range .Secrets}}{{.Type}};{{end}}", "cert-ecdsa;plain;symmetric-key;" },
		{ "{{range $name, $secret := .Secrets}}{{$name}}={{$secret.Type}};{{end}}",
			"cert=cert-ecdsa;empty=plain;key=symmetric-key;" },
		{ "{{range $s := .Secrets}}{{$s.Size}};{{.Size}};{{end}}", "256;256;0;0;24;24;" },
		{ "{{range $name, $s := .Secrets}}{{if $s.Public}}{{$name}}:{{hex $s}} {{end}}{{end}}",
			"cert:7075626c6963 key:0102ff " },
		{ "{{range .Secrets.key.Private}}<{{.}}>{{end}}", "<1><2><255>" },
		{ "{{range $i, $b := .Secrets.key.Private}}{{$i}}:{{$b}} {{end}}",
			"0:1 1:2 2:255 " },
		{ "{{range .Secrets.empty.Private}}a{{else}}none{{end}}", "none" },
		{ "{{range .Secrets.foo}}a{{else}}none{{end}}", "none" },
		{ "{{range .Secrets.key.Private}}{{if eq . 2}}{{continue}}{{end}}{{.}};{{end}}",
			"1;255;" },
		{ "{{range .Secrets.key.Private}}{{if eq . 2}}{{break}}{{end}}{{.}};{{end}}x",
			"1;x" },
		{ "{{range .Secrets.key.Private}}{{range $.Secrets.key.Private}}{{break}}{{end}}{{.}}"
		  "{{end}}",
			"12255" },
		{ "{{range $n, $s := .Previous.Secrets}}{{if eq $n \"cert\"}}{{hex $s.Cert}}{{end}}"
		  "{{end}}",
			"726f6f74" },
		{ "{{$last := \"\"}}{{range $n, $_ := .Secrets}}{{$last = $n}}{{end}}{{$last}}",
			"key" },
		{ "{{$i := 0}}{{$s := 0}}{{range $i, $s = .Secrets.key.Private}}{{end}}{{$i}},{{$s}}",
			"2,255" },
		{ "{{len .Secrets}}", "3" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{range 3}}{{end}}",
			AT(1, 8, "3") "range can't iterate over a value of type int" },
		{ "{{range .Secrets.key}}{{end}}",
			AT(1, 16, ".Secrets.key") "range can't iterate over a value of type "
						  "manifest.Secret" },
		{ "{{range $x, $y, $z := .Secrets}}{{end}}",
			PARSE "too many declarations in range" },
		{ "{{range $x, 1 := .Secrets}}{{end}}",
			PARSE "range can only initialize variables" },
		{ "{{range .Secrets}}{{else if true}}{{end}}", PARSE "unexpected <if> in input" },
		{ "{{break}}", PARSE "{{break}} outside {{range}}" },
		{ "{{if true}}{{continue}}{{end}}", PARSE "{{continue}} outside {{range}}" },
		{ "{{range .Secrets}}{{break 1}}{{end}}", PARSE "unexpected \"1\" in {{break}}" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void variables_live_to_the_end_of_their_structure(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{$x := 1}}{{$x}}", "1" },
		{ "{{$x := 1}}{{$x = 2}}{{$x}}", "2" },
		{ "{{$x := hex .Secrets.key}}a{{$x}}b{{$x}}", "a0102ffb0102ff" },
		{ "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21" },
		{ "{{$x := 1}}{{if true}}{{$x = 2}}{{$x}}{{end}}{{$x}}", "22" },
		{ "{{if $x := .Secrets.foo}}a{{else}}{{$x}}{{end}}", "<no value>" },
		{ "{{$x := .Secrets.key}}{{$x.Type}} {{$x.Private | hex}}",
			"symmetric-key 0102ff" },
		{ "{{$.Secrets.key.Size}} {{($.Secrets.key).Size}}", "24 24" },
		{ "{{$_a\xc3\xa9 := 1}}{{$_a\xc3\xa9}}", "1" },
		{ "{{ $x:=1 }}{{ print ($x) $x }}", "1 1" },
		{ "{{$x := 1}}{{$x := 2}}{{$x}}", "2" },
		{ "{{(print 1 | print | printf `%s%s` `a`) | print}}", "a1" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{$x}}", PARSE "undefined variable \"$x\"" },
		{ "{{if true}}{{$x := 1}}{{end}}{{$x}}", PARSE "undefined variable \"$x\"" },
		{ "{{range $x := .Secrets}}{{end}}{{$x}}", PARSE "undefined variable \"$x\"" },
		{ "{{$x, $y := 1}}", PARSE "too many declarations in command" },
		{ "{{$x := }}", PARSE "missing value for command" },
		{ "{{$x := 1}}{{$x 1}}", AT(1, 13, "$x") "can't give argument to non-function $x" },
		{ "{{$x := 1}}{{$x.Foo}}",
			AT(1, 15, "$x.Foo") "can't evaluate field Foo in type int" },
		{ "{{$x := 1}}{{hex $x}}",
			AT(1, 13, "hex $x") "error calling hex: invalid secret type" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void comparisons_follow_the_rules_of_go(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{eq 1 1}} {{eq 1 2}} {{eq 1 2 3 1}} {{ne 1 2}}", "true false true true" },
		{ "{{eq \"a\" \"a\"}} {{eq \"a\" \"b\"}} {{eq true true}} {{eq 1.5 1.5}}",
			"true false true true" },
		{ "{{eq .Secrets.key.Size 24}} {{eq .Secrets.key.Type \"symmetric-key\"}}",
			"true true" },
		{ "{{eq .Secrets.key.Size -1}} {{lt -1 .Secrets.key.Size}}", "false true" },
		{ "{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 3}}", "true true false false" },
		{ "{{lt -2 -1}} {{gt -1 -2}} {{lt \"a\" \"b\"}} {{ge \"b\" \"ab\"}} {{lt 1.5 2.5}}",
			"true true true true true" },
		{ "{{eq .Secrets.foo nil}} {{eq .Secrets.foo 1}} {{ne .Secrets.foo 1}}",
			"true false true" },
		{ "{{and 1 2}} {{and 0 2}} {{or 0 2}} {{or 1 2}} {{and 1}} {{or 0}}",
			"2 0 2 1 1 0" },
		{ "{{2 | and 1}} {{2 | or 0}} {{2 | and 0}}", "2 2 0" },
		/* what is not needed is not evaluated */
		{ "{{or 1 (index \"a\" 9)}} {{and 0 (index \"a\" 9)}}", "1 0" },
		{ "{{not 0}} {{not 1}} {{not .Secrets.empty.Private}}", "true false true" },
		{ "{{if and .Secrets.key (eq .Secrets.key.Type \"symmetric-key\")}}a{{end}}", "a" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	CHECK_ENV(rows, ERROR_NONE);
#define CALLING(context, function, reason) AT(1, 2, context) "error calling " function ": " reason
	static const struct row wrong[] = {
		{ "{{eq 1 \"1\"}}",
			CALLING("eq 1 \"1\"", "eq", "incompatible types for comparison") },
		{ "{{eq 1}}", CALLING("eq 1", "eq", "missing argument for comparison") },
		{ "{{eq .Secrets.key .Secrets.key}}",
			CALLING("eq .Secrets.key .Secrets.key", "eq",
				"non-comparable type manifest.Secret") },
		{ "{{lt true false}}",
			CALLING("lt true false", "lt", "invalid type for comparison") },
		{ "{{lt 1 \"a\"}}",
			CALLING("lt 1 \"a\"", "lt", "incompatible types for comparison") },
		{ "{{lt 1}}", AT(1, 2, "lt") "wrong number of args for lt: want 2 got 1" },
		{ "{{and}}",
			AT(1, 2, "and") "wrong number of args for and: want at least 1 got 0" },
		{ "{{not 1 2}}", AT(1, 2, "not") "wrong number of args for not: want 1 got 2" },
		{ "{{and 1 (index \"a\" 9)}}",
			AT(1, 9, "index \"a\" 9") "error calling index: index out of range: 9" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void unbalanced_structures_are_refused(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{if true}}", PARSE "unexpected EOF" },
		{ "{{if true}}\n{{else}}\n", "template: data:3: expected end; found EOF" },
		{ "{{if true}}{{else}}{{else}}{{end}}", PARSE "expected end; found {{else}}" },
		{ "{{end}}", PARSE "unexpected {{end}}" },
		{ "a{{else}}", PARSE "unexpected {{else}}" },
		{ "{{if true}}{{end}}{{end}}", PARSE "unexpected {{end}}" },
		{ "{{if}}{{end}}", PARSE "missing value for if" },
		{ "{{range}}{{end}}", PARSE "missing value for range" },
		{ "{{with}}{{end}}", PARSE "missing value for with" },
		{ "{{end 1}}", PARSE "unexpected \"1\" in end" },
		{ "{{if true}}{{else 1}}{{end}}", PARSE "unexpected \"1\" in else" },
		{ "{{if true}}{{else with true}}{{end}}", PARSE "unexpected <with> in input" },
	};
	CHECK_FILE(rows, ERROR_INVALID);
}

static void depth_and_duration_are_limited(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	put_times(&text, 64, "{{if 1}}");
	put_times(&text, 64, "{{end}}");
	assert_success(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err);
	buf_clear(&text);
	put_times(&text, 100000, "{{if 1}}");
	assert_failure(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err,
		ERROR_INVALID, "more than 64 parentheses and control structures in each other");
	/* three bytes, again and again: 3^20 turns of the innermost range */
	buf_clear(&text);
	put_times(&text, 20, "{{range $.Secrets.key.Private}}");
	put_times(&text, 20, "{{end}}");
	assert_failure(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err,
		ERROR_INVALID, "it takes more than 1048576 steps");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_choose_what_is_shown),
		cmocka_unit_test(with_moves_the_dot),
		cmocka_unit_test(range_goes_through_secrets_by_name_and_through_bytes),
		cmocka_unit_test(variables_live_to_the_end_of_their_structure),
		cmocka_unit_test(comparisons_follow_the_rules_of_go),
		cmocka_unit_test(unbalanced_structures_are_refused),
		cmocka_unit_test(depth_and_duration_are_limited),
	};
	return cmocka_run_group_tests_name("template_control", tests, NULL, NULL);
}
