/* SPDX-License-Identifier: Apache-2.0 */
#include "template_rows.h"

#include <pthread.h>

static void secrets_are_encoded_by_the_functions_of_the_spec(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ pem .MarbleRun.RootCA.Cert }}",
			"-----BEGIN CERTIFICATE-----\ncm9vdA==\n-----END CERTIFICATE-----\n" },
		{ "{{ pem .MarbleRun.MarbleCert.Private }}",
			"-----BEGIN PRIVATE KEY-----\ncHJpdmF0ZQ==\n-----END PRIVATE KEY-----\n" },
		{ "{{ pem .MarbleRun.MarbleCert.Public }}",
			"-----BEGIN PUBLIC KEY-----\ncHVibGlj\n-----END PUBLIC KEY-----\n" },
		{ "{{ pem .Secrets.key.Private }}",
			"-----BEGIN PRIVATE KEY-----\nAQL/\n-----END PRIVATE KEY-----\n" },
		{ "{{ pem .Secrets.cert.Cert }}", "-----BEGIN CERTIFICATE-----\nY2VydGlmaWNhdGU=\n"
						  "-----END CERTIFICATE-----\n" },
		{ "{{ hex .Marblerun.SealKey }}", "0102ff" },
		{ "{{ hex .Marblerun.SealKey.Private }}", "0102ff" },
		{ "{{ hex .MarbleRun.SealKey.Public }}", "0102ff" },
		{ "{{ hex .Marblerun.RootCA.Cert }}", "726f6f74" },
		{ "{{ hex .Secrets.key }}", "0102ff" },
		{ "{{ hex .Secrets.cert }}", "7075626c6963" },
		{ "{{ base64 .Secrets.key }}", "AQL/" },
		{ "{{ base64 .Secrets.cert.Cert }}", "Y2VydGlmaWNhdGU=" },
		{ "{{ .Secrets.key.Public | hex }}", "0102ff" },
		{ "{{ hex .Previous.Secrets.key }}", "0102ff" },
		{ "{{ index .Secrets \"my-key\" | hex }}", "0102ff" },
		{ "{{ hex (index .Secrets \"my-key\").Private }}", "0102ff" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	CHECK_ENV(rows, ERROR_NONE);
	static const struct row file[] = {
		{ "<{{ raw .Secrets.key }}>", "<\x01\x02\xff>" },
		{ "{{ raw .Secrets.cert.Private }}", "private" },
	};
	CHECK_FILE(file, ERROR_NONE);
	static const struct row env[] = {
		{ "{{ string .Secrets.text }}", "a\"b\n\x80\xc3\xa9" },
	};
	CHECK_ENV(env, ERROR_NONE);
}

static void functions_say_what_they_do_not_take(void **state)
{
	(void)state;
#define CALLING(context, function, reason) AT(1, 2, context) "error calling " function ": " reason
#define MISSING                            "secret does not exist"
#define EMPTY                              "tried to parse secret with empty value"
	static const struct row rows[] = {
		{ "{{hex .Secrets.foo}}", CALLING("hex .Secrets.foo", "hex", MISSING) },
		{ "{{hex .Secrets.foo.Private}}",
			CALLING("hex .Secrets.foo.Private", "hex", MISSING) },
		{ "{{pem .Secrets.foo.Cert}}", CALLING("pem .Secrets.foo.Cert", "pem", MISSING) },
		{ "{{base64 nil}}", CALLING("base64 nil", "base64", MISSING) },
		{ "{{hex (index .Secrets \"foo\")}}",
			CALLING("hex (index .Secrets \"foo\")", "hex", MISSING) },
		{ "{{ .Secrets.foo | hex }}", AT(1, 18, "hex") "error calling hex: " MISSING },
		{ "{{hex .Secrets.empty}}", CALLING("hex .Secrets.empty", "hex", EMPTY) },
		{ "{{base64 .Secrets.empty.Public}}",
			CALLING("base64 .Secrets.empty.Public", "base64", EMPTY) },
		{ "{{pem .MarbleRun.RootCA.Private}}",
			CALLING("pem .MarbleRun.RootCA.Private", "pem", EMPTY) },
		{ "{{pem .Secrets.cert}}", CALLING("pem .Secrets.cert", "pem",
						   "invalid secret type for pem encoding") },
		{ "{{pem \"x\"}}",
			CALLING("pem \"x\"", "pem", "invalid secret type for pem encoding") },
		{ "{{hex \"x\"}}", CALLING("hex \"x\"", "hex", "invalid secret type") },
		{ "{{base64 1}}", CALLING("base64 1", "base64", "invalid secret type") },
		{ "{{hex .}}", CALLING("hex .", "hex", "invalid secret type") },
		{ "{{hex}}", AT(1, 2, "hex") "wrong number of args for hex: want 1 got 0" },
		{ "{{hex 1 2}}", AT(1, 2, "hex") "wrong number of args for hex: want 1 got 2" },
		{ "{{1 | hex 2}}", AT(1, 6, "hex") "wrong number of args for hex: want 1 got 2" },
	};
	CHECK_FILE(rows, ERROR_INVALID);
	CHECK_ENV(rows, ERROR_INVALID);
	static const struct row file[] = {
		{ "{{raw .Secrets.foo}}", CALLING("raw .Secrets.foo", "raw", MISSING) },
		{ "{{raw .Secrets.empty}}", CALLING("raw .Secrets.empty", "raw", EMPTY) },
		{ "{{raw true}}", CALLING("raw true", "raw", "invalid secret type") },
		{ "{{ string .Secrets.text }}",
			"template: data:1: function \"string\" not defined: "
			"a file takes raw, hex or base64" },
	};
	CHECK_FILE(file, ERROR_INVALID);
#define NOT_PLAIN                                                                                  \
	"only secrets of type plain are allowed to use string encoding for environment variables"
	static const struct row env[] = {
		{ "{{string .Secrets.foo}}", CALLING("string .Secrets.foo", "string", MISSING) },
		{ "{{string .Secrets.empty}}", CALLING("string .Secrets.empty", "string", EMPTY) },
		{ "{{string .Secrets.key}}", CALLING("string .Secrets.key", "string", NOT_PLAIN) },
		{ "{{string .Secrets.text.Private}}",
			CALLING("string .Secrets.text.Private", "string", NOT_PLAIN) },
		{ "{{string \"x\"}}", CALLING("string \"x\"", "string", NOT_PLAIN) },
		{ "{{ raw .Secrets.key }}", "template: data:1: function \"raw\" not defined: an "
					    "environment variable takes hex, base64 or string" },
	};
	CHECK_ENV(env, ERROR_INVALID);
}

static void a_plain_secret_with_nul_is_no_environment_variable(void **state)
{
	(void)state;
	AUTO(free_secrets) struct secrets secrets = make_secrets();
	buf_put_u8(&secrets.plain.public_key, 0);
	const struct template_data data = { .find_secret = find_secret, .context = &secrets };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	struct template *template =
		template_parse(bytes_of_text("{{string .Secrets.text}}"), TEMPLATE_FOR_ENV, &err);
	assert_success(template != NULL, err);
	assert_failure(template_execute(template, &data, &out, &err), err, ERROR_INVALID,
		"error calling string: secret contains null bytes");
	template_free(template);
}

static void members_print_as_in_go(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ .Secrets.key.Private }}", "[1 2 255]" },
		{ "{{ .Secrets.empty.Public }}", "[]" },
		{ "{{ .Secrets.key.Type }} {{ .Secrets.key.Size }}", "symmetric-key 24" },
		{ "{{ .Secrets.cert.Type }} {{ .Secrets.cert.ValidFor }}", "cert-ecdsa 7" },
		{ "{{ .Secrets.cert.Shared }} {{ .Secrets.text.UserDefined }}", "true true" },
		{ "{{ .Secrets.foo }}", "<no value>" },
		{ "{{ .Secrets.foo.Bar.Baz }}", "<no value>" },
		{ "{{ print .Secrets.foo }}", "<nil>" },
		{ "{{ .Secrets.foo | print }}", "<nil>" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{ .Foo }}",
			AT(1, 3, ".Foo") "can't evaluate field Foo in type core.templateData" },
		{ "{{ .MarbleRun.Foo }}", AT(1, 13, ".MarbleRun.Foo") "can't evaluate field Foo in "
								      "type core.reservedSecrets" },
		{ "{{ .MarbleRun.CoordinatorRoot.Cert }}",
			AT(1, 13,
				".MarbleRun.CoordinatorRoot.Cert") "can't evaluate field "
								   "CoordinatorRoot in type core.reservedSecrets" },
		{ "{{ .Secrets.key.Foo }}",
			AT(1, 11, ".Secrets.key.Foo") "can't evaluate field Foo "
						      "in type manifest.Secret" },
		{ "\n {{ hex .Secrets.key.Type.X }}",
			AT(2, 16, ".Secrets.key.Type.X") "can't evaluate field X in type string" },
		{ "{{ .Secrets.key.Private.X }}",
			AT(1, 11, ".Secrets.key.Private.X") "can't evaluate field X in type "
							    "manifest.PrivateKey" },
		{ "{{ (hex .Secrets.key).Foo }}",
			AT(1, 16, ".Secrets.key") "can't evaluate field Foo in type string" },
		{ "{{ .Secrets.key 1 }}",
			AT(1, 11, ".Secrets.key") "key is not a method but has arguments" },
		{ "{{ .Secrets 1 }}", AT(1, 3, ".Secrets") "Secrets has arguments but cannot be "
							   "invoked as function" },
		{ "{{ .Secrets.key }}",
			AT(1, 3,
				".Secrets.key") "can't print a value of type "
						"manifest.Secret: print one of its members, or use a function such "
						"as pem, hex or base64" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void the_failure_to_make_a_secret_is_passed_on(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ hex .Secrets.broken }}", AT(1, 15, ".Secrets.broken") "cannot derive it" },
		{ "{{index .Secrets \"broken\"}}",
			AT(1, 2, "index .Secrets \"broken\"") "error calling index: cannot derive "
							      "it" },
	};
	CHECK_FILE(rows, ERROR_INTERNAL);
}

static void general_functions_work_as_in_go(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{{ print }}{{ println }}", "\n" },
		{ "{{ print 1 2 \"a\" \"b\" 3 4 true nil 1.5 'a' }}",
			"1 2ab3 4 true <nil> 1.5 97" },
		{ "{{ println 1 \"a\" \"b\" }}", "1 a b\n" },
		{ "{{ len \"h\xc3\xa9llo\" }} {{ len .Secrets.key.Private }}", "6 3" },
		{ "{{ index \"abc\" 1 }} {{ index .Secrets.key.Private 2 }}", "98 255" },
		{ "{{ index .Secrets \"foo\" }}", "<no value>" },
		{ "{{ index \"abc\" }}", "abc" },
	};
	CHECK_FILE(rows, ERROR_NONE);
#define INDEX(context, reason) AT(1, 2, context) "error calling index: " reason
	static const struct row wrong[] = {
		{ "{{index}}",
			AT(1, 2, "index") "wrong number of args for index: want at least 1 got 0" },
		{ "{{index .Secrets 1}}",
			INDEX("index .Secrets 1", "value has type int; should be string") },
		{ "{{index .Secrets nil}}",
			INDEX("index .Secrets nil", "value is nil; should be of type string") },
		{ "{{index \"abc\" 3}}", INDEX("index \"abc\" 3", "index out of range: 3") },
		{ "{{index \"abc\" -1}}", INDEX("index \"abc\" -1", "index out of range: -1") },
		{ "{{index \"abc\" \"a\"}}",
			INDEX("index \"abc\" \"a\"", "cannot index slice/array with type string") },
		{ "{{index \"abc\" nil}}",
			INDEX("index \"abc\" nil", "cannot index slice/array with nil") },
		{ "{{index 1 1}}", INDEX("index 1 1", "can't index item of type int") },
		{ "{{index nil 1}}", INDEX("index nil 1", "index of untyped nil") },
		{ "{{index .Secrets.foo}}", INDEX("index .Secrets.foo", "index of untyped nil") },
		{ "{{len 3}}", AT(1, 2, "len 3") "error calling len: len of type int" },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void printf_knows_the_verbs_without_flags(void **state)
{
	(void)state;
#define PRINTF(context, reason) AT(1, 2, context) "error calling printf: " reason
	static const struct row rows[] = {
		{ "{{ printf \"100%%\" }}", "100%" },
		{ "{{ printf \"%s %v %d %q %x\" \"a\" 1 2 \"b\" \"c\" }}", "a 1 2 \"b\" 63" },
		{ "{{ printf \"%s|%x|%X|%v|%d\" .Secrets.key.Private .Secrets.key.Private "
		  ".Secrets.key.Private .Secrets.key.Private .Secrets.key.Private }}",
			"\x01\x02\xff|0102ff|0102FF|[1 2 255]|[1 2 255]" },
		{ "{{ printf \"%q\" .Secrets.text.Private }}", "\"a\\\"b\\n\\x80\xc3\xa9\"" },
		{ "{{ printf \"%q\" \"\\u00a0\\u200b\\x01\\u20ac\" }}",
			"\"\\u00a0\\u200b\\x01\xe2\x82\xac\"" },
		{ "{{ printf \"%x %X %x %t\" 255 255 -255 true }}", "ff FF -ff true" },
		{ "{{ printf \"%d\" .Secrets.key.Size }}", "24" },
		{ "{{ printf \"%v\" nil }}", "<nil>" },
	};
	CHECK_FILE(rows, ERROR_NONE);
	static const struct row wrong[] = {
		{ "{{printf}}",
			AT(1, 2, "printf") "wrong number of args for printf: want at least 1 "
					   "got 0" },
		{ "{{printf 1}}", AT(1, 9, "1") "expected string; found 1" },
		{ "{{printf nil}}", AT(1, 9, "nil") "cannot assign nil to string" },
		{ "{{printf .Secrets.foo}}",
			AT(1, 17, ".Secrets.foo") "invalid value; expected string" },
		{ "{{printf .Secrets.key}}",
			AT(1, 17, ".Secrets.key") "wrong type for value; "
						  "expected string; got manifest.Secret" },
		{ "{{1 | printf}}",
			AT(1, 6, "printf") "wrong type for value; expected string; got int" },
		/* what Go prints as %!d(string=x) and the like is refused */
		{ "{{printf \"%d\" \"x\"}}",
			PRINTF("printf \"%d\" \"x\"", "%d cannot format a value of type string") },
		{ "{{printf \"%s\" 1}}",
			PRINTF("printf \"%s\" 1", "%s cannot format a value of type int") },
		{ "{{printf \"%s\" .Secrets.foo}}",
			PRINTF("printf \"%s\" .Secrets.foo", "%s: secret does not exist") },
		{ "{{printf \"%s\"}}", PRINTF("printf \"%s\"", "no value for %s") },
		{ "{{printf \"%s\" \"a\" 1}}",
			PRINTF("printf \"%s\" \"a\" 1", "2 values for 1 verbs") },
		{ "{{printf \"%\"}}", PRINTF("printf \"%\"", "the format ends with %") },
		{ "{{printf \"%5d\" 1}}",
			PRINTF("printf \"%5d\" 1", "%5 is not supported: use %s, "
						   "%v, %d, %q, %x, %X or %t without flags") },
	};
	CHECK_FILE(wrong, ERROR_INVALID);
}

static void results_are_limited(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	memset(buf_extend(&text, TEMPLATE_OUTPUT_MAX - 1), 'x', TEMPLATE_OUTPUT_MAX - 1);
	buf_put_text(&text, "{{1}}");
	assert_success(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err);
	assert_int_equal(out.size, TEMPLATE_OUTPUT_MAX);
	buf_put_text(&text, "y");
	assert_failure(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err,
		ERROR_INVALID, "the result is longer than 4194304 bytes");
	/* each level of printf %q makes several bytes of one */
	buf_clear(&text);
	buf_put_text(&text, "{{ `");
	put_times(&text, 1 << 18, "\x01");
	buf_put_text(&text, "`");
	put_times(&text, 20, " | printf `%q`");
	buf_put_text(&text, " | len }}");
	assert_failure(run_template(buf_text(&text), TEMPLATE_FOR_FILE, &out, &err), err,
		ERROR_INVALID, "the results of all functions are over 16777216 bytes");
}

struct shared {
	const struct template *template;
	const struct template_data *data;
};

static void *execute_often(void *argument)
{
	const struct shared *shared = argument;
	for (int i = 0; i < 1000; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		if (!template_execute(shared->template, shared->data, &out, NULL) ||
			strcmp(buf_text(&out), "AQL/-0102ff") != 0)
			return "wrong";
	}
	return NULL;
}

static void one_template_serves_many_threads(void **state)
{
	(void)state;
	AUTO(free_secrets) struct secrets secrets = make_secrets();
	const struct template_data data = { .find_secret = find_secret, .context = &secrets };
	struct template *template = template_parse(
		bytes_of_text("{{ base64 .Secrets.key }}-{{ .Secrets.key.Private | hex }}"),
		TEMPLATE_FOR_FILE, NULL);
	struct shared shared = { template, &data };
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, execute_often, &shared), 0);
	for (size_t i = 0; i < 4; i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
	template_free(template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_encoded_by_the_functions_of_the_spec),
		cmocka_unit_test(functions_say_what_they_do_not_take),
		cmocka_unit_test(a_plain_secret_with_nul_is_no_environment_variable),
		cmocka_unit_test(members_print_as_in_go),
		cmocka_unit_test(the_failure_to_make_a_secret_is_passed_on),
		cmocka_unit_test(general_functions_work_as_in_go),
		cmocka_unit_test(printf_knows_the_verbs_without_flags),
		cmocka_unit_test(results_are_limited),
		cmocka_unit_test(one_template_serves_many_threads),
	};
	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
