/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_rows.h"

#include "base/file.h"
#include "crypto/openssl.h"
#include "manifest/cert_template.h"

#define PPID             "00112233445566778899aAbBcCdDeEfF"
#define PACKAGES         "'Packages':{'p':{'UniqueID':'a'}}"
#define MARBLE(members)  "{" PACKAGES ",'Marbles':{'m':{'Package':'p'," members "}}}"
#define FILES(entries)   MARBLE("'Parameters':{'Files':{" entries "}}")
#define ENV(entries)     MARBLE("'Parameters':{'Env':{" entries "}}")
#define SECRETS(entries) "{" PACKAGES ",'Marbles':{'m':{'Package':'p'}},'Secrets':{" entries "}}"

static const struct manifest_marble *marble(const struct manifest *manifest, const char *name)
{
	const struct manifest_marble *found = strmap_get(&manifest->marbles, name);
	assert_non_null(found);
	return found;
}

static void a_manifest_becomes_its_model(void **state)
{
	(void)state;
	AUTO(auto_manifest)
	struct manifest *manifest = parse_manifest(
		"{'packages':{'p':{'Debug':true,'SignerID':'b','ProductID':18446744073709551615,"
		"'SecurityVersion':0,'AcceptedTCBStatuses':['UpToDate','OutOfDate'],"
		"'AcceptedAdvisories':['INTEL-SA-1'],'MinimumTCBEvaluationDataNumber':17,"
		"'acceptedplatforms':['" PPID "','" PPID "']},'q':{'UniqueID':'','Debug':true}},"
		"'MARBLES':{'m':{'Package':'p','maxactivations':3,'DisableSecretBinding':true,"
		"'Parameters':{'Argv':['a','','b'],'Files':{'/f':'1'},'Env':{'E':'2'}}},"
		"'M':{'Package':'q'}},"
		"'Secrets':{'k':{'Type':'symmetric-key','Size':128,'Shared':true,"
		"'Private':'AAE=','Cert':{'DNSNames':['x']}},"
		"'c':{'Type':'cert-ecdsa','Size':256,'ValidFor':7,'Cert':{'IsCA':true}},"
		"'d':{'Type':'cert-ecdsa','Size':256,'Cert':null}}}");
	const struct package_properties *p = strmap_get(&manifest->packages, "p");
	assert_true(p->debug && p->has_product_id && p->has_security_version);
	assert_null(p->unique_id);
	assert_string_equal(p->signer_id, "b");
	assert_true(p->product_id == UINT64_MAX && p->security_version == 0);
	assert_int_equal(p->platform.accepted_tcb_status_count, 2);
	assert_string_equal(p->platform.accepted_tcb_statuses[1], "OutOfDate");
	assert_string_equal(p->platform.accepted_advisories[0], "INTEL-SA-1");
	assert_true(p->platform.minimum_tcb_evaluation_number == 17);
	assert_int_equal(p->platform.accepted_platform_count, 2);
	assert_string_equal(p->platform.accepted_platforms[1], PPID);
	const struct package_properties *q = strmap_get(&manifest->packages, "q");
	assert_true(!q->unique_id && !q->has_product_id && !q->platform.accepted_advisory_count);
	assert_true(
		!q->platform.minimum_tcb_evaluation_number && !q->platform.accepted_platform_count);
	const struct manifest_marble *m = marble(manifest, "m");
	assert_string_equal(m->package, "p");
	assert_true(m->max_activations == 3 && m->disable_secret_binding);
	assert_int_equal(m->argc, 3);
	assert_string_equal(m->argv[1], "");
	assert_int_equal(m->files.count, 1);
	assert_int_equal(m->env.count, 1);
	assert_string_equal(marble(manifest, "M")->package, "q");
	assert_int_equal(marble(manifest, "M")->argc, 0);
	const struct secret *k = strmap_get(&manifest->secrets, "k");
	assert_true(k->type == SECRET_SYMMETRIC_KEY && k->size == 128 && k->shared);
	assert_true(!k->private_key.size && !k->template);
	const struct secret *c = strmap_get(&manifest->secrets, "c");
	assert_true(c->type == SECRET_CERT_ECDSA && c->valid_for == 7 && c->template->is_ca);
	const struct secret *d = strmap_get(&manifest->secrets, "d");
	assert_non_null(d->template->subject);
}

static void check_file(const char *entry, const char *data, size_t size, bool is_template)
{
	AUTO(auto_manifest) struct manifest *manifest = parse_manifest(entry);
	const struct manifest_content *content = strmap_get(&marble(manifest, "m")->files, "f");
	assert_int_equal(content->data.size, size);
	assert_memory_equal(buf_text(&content->data), data, size);
	assert_int_equal(content->template != NULL, is_template);
}

static void contents_are_decoded_before_they_are_templates(void **state)
{
	(void)state;
	check_file(FILES("'f':'{{ 1 }}'"), "{{ 1 }}", 7, true);
	check_file(FILES("'f':''"), "", 0, true);
	check_file(FILES("'f':{}"), "", 0, true);
	check_file(FILES("'f':{'Data':'x','Encoding':''}"), "x", 1, true);
	check_file(FILES("'f':{'Data':'x','Encoding':'String'}"), "x", 1, true);
	check_file(FILES("'f':{'data':'AA\\nE=','encoding':'BASE64'}"), "\0\1", 2, true);
	check_file(FILES("'f':{'Data':'00fF','Encoding':'Hex'}"), "\0\xff", 2, true);
	check_file(FILES("'f':{'Data':'e3tpZg==','Encoding':'base64','NoTemplates':true}"), "{{if",
		4, false);
	check_file(FILES("'f':{'Data':'{{ x','NoTemplates':true}"), "{{ x", 4, false);
	check_file(FILES("'f':'a\\u0000\\ud800'"), "a\0\xef\xbf\xbd", 5, true);
	check_file(FILES("'f':'1','f':'2'"), "2", 1, true);
	check_file("{" PACKAGES ",'Marbles':{'m':{'Package':'p','Parameters':{'Files':{'f':'1'}},"
		   "'parameters':{'files':{'g':'2'}}}}}",
		"1", 1, true);
}

static void what_cannot_be_decoded_is_refused(void **state)
{
	(void)state;
#define UNMARSHALING "unmarshaling manifest: "
#define F            "(Manifest.Marbles.m.Parameters.Files.f)"
	static const struct manifest_row rows[] = {
		{ "", UNMARSHALING "unexpected end of JSON input" },
		{ "{}x", UNMARSHALING
			"invalid character 'x' after top-level value (line 1, column 3)" },
		{ "[]", UNMARSHALING
			"json: cannot unmarshal array into Go value of type Manifest" },
		{ FILES("'f':1"), UNMARSHALING "expected: string or interface " F },
		{ FILES("'f':null"), UNMARSHALING "expected: string or interface " F },
		{ FILES("'f':['x']"), UNMARSHALING "expected: string or interface " F },
		{ FILES("'f':{'Encoding':'rot13'}"),
			UNMARSHALING "unknown encoding type: rot13 " F },
		{ FILES("'f':{'Data':'A','Encoding':'base64'}"),
			UNMARSHALING "illegal base64 data in Data " F },
		{ FILES("'f':{'Data':'0','Encoding':'hex'}"),
			UNMARSHALING "Data is not hexadecimal: two digits a byte " F },
		{ FILES("'f\\u0000':''"), UNMARSHALING "a name contains a NUL character: \"f\" "
						       "(Manifest.Marbles.m.Parameters.Files)" },
		{ MARBLE("'MaxActivations':-1"),
			UNMARSHALING "json: cannot unmarshal number -1 into Go struct field "
				     "Manifest.Marbles.m.MaxActivations of type uint" },
		{ "{'Packages':{'p':[]}}", UNMARSHALING
			"json: cannot unmarshal array into Go struct field Manifest.Packages.p of "
			"type quote.PackageProperties" },
		{ "{'Packages':[]}", UNMARSHALING
			"json: cannot unmarshal array into Go struct field Manifest.Packages of "
			"type map[string]quote.PackageProperties" },
		{ "{'Infrastructures':{'i':{'CPUSVN':[256]}}}",
			UNMARSHALING "json: cannot unmarshal number 256 into Go struct field "
				     "Manifest.Infrastructures.i.CPUSVN of type uint8" },
		{ "{'Infrastructures':{'i':{'PCESVN':65536}}}",
			UNMARSHALING "json: cannot unmarshal number 65536 into Go struct field "
				     "Manifest.Infrastructures.i.PCESVN of type uint16" },
		{ "{'Clients':{'c':1}}", UNMARSHALING
			"json: cannot unmarshal number into Go struct field Manifest.Clients.c of "
			"type []uint8" },
		{ "{'Admins':{'a':1}}", UNMARSHALING
			"json: cannot unmarshal number into Go struct field Manifest.Admins.a of "
			"type string" },
		{ "{'RecoveryKeys':{'k':[]}}", UNMARSHALING
			"json: cannot unmarshal array into Go struct field Manifest.RecoveryKeys.k "
			"of type string" },
		{ "{'Config':[]}", UNMARSHALING
			"json: cannot unmarshal array into Go struct field Manifest.Config of type "
			"manifest.Config" },
		{ SECRETS("'s':{'Type':'cert-ecdsa','Cert':{'IPAddresses':['x']}}"), UNMARSHALING
			"invalid IP address: x (Manifest.Secrets.s.Cert.IPAddresses)" },
		{ SECRETS("'s':{'Private':'?'}"),
			UNMARSHALING "illegal base64 data (Manifest.Secrets.s.Private)" },
	};
	CHECK_REFUSED(rows, ERROR_INVALID);
	struct error err = { 0 };
	assert_failure(try_manifest(SECRETS("'s':{'Type':'cert-ecdsa','Cert':'AAEC'}"), &err), err,
		ERROR_INVALID, UNMARSHALING "not an X.509 certificate");
}

static void malformed_templates_are_refused_with_their_place(void **state)
{
	(void)state;
#define DRY_RUN "running manifest template dry run: in Marble m: "
	static const struct manifest_row rows[] = {
		{ FILES("'f':'{{ x }}'"),
			DRY_RUN "file f: template: data:1: function \"x\" not defined" },
		{ ENV("'E':{'Data':'7b7b','Encoding':'hex'}"),
			DRY_RUN "env variable E: template: data:1: unclosed action" },
		{ ENV("'E':'{{ raw .Secrets.x }}'"), DRY_RUN
			"env variable E: template: data:1: function \"raw\" not defined: an "
			"environment variable takes hex, base64 or string" },
	};
	CHECK_REFUSED(rows, ERROR_INVALID);
	static const struct manifest_row unsupported[] = {
		{ FILES("'f':'{{ template `x` }}'"),
			DRY_RUN "file f: template: data:1: {{template}}: this version does not "
				"support templates within templates" },
	};
	CHECK_REFUSED(unsupported, ERROR_UNSUPPORTED);
}

/* What manifest_parse writes to stderr. */
static void collect_log(const char *json, struct buf *log)
{
	char path[] = "/tmp/test_manifest.XXXXXX";
	int file = mkstemp(path);
	int saved = dup(STDERR_FILENO);
	assert_true(file >= 0 && saved >= 0 && dup2(file, STDERR_FILENO) >= 0);
	struct error err = { 0 };
	struct manifest *manifest = try_manifest(json, &err);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(file);
	struct error read_err = { 0 };
	bool was_read = file_read(path, 1 << 20, log, &read_err);
	unlink(path);
	assert_success(was_read, read_err);
	assert_success(manifest != NULL, err);
	manifest_free(manifest);
}

static size_t count_lines(const struct buf *log, const char *text)
{
	size_t count = 0;
	for (const char *at = buf_text(log); (at = strstr(at, text)); at++)
		count++;
	return count;
}

static void keys_and_sections_without_effect_are_warned_about(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf log = { 0 };
	collect_log("{" PACKAGES ",'Marbles':{'m.n':{'Packge':'x','Package':'p','Parameters':{"
		    "'argv0':1,'Env':{'E':{'Dta':1}}}}},'Rolls':{},'Secrets':{'s':{'Type':"
		    "'cert-ecdsa','Cert':{'Subject':{'DNSNames':[]}}}},"
		    "'Clients':{'c':'AAE='},'Infrastructures':{'i':{}}}",
		&log);
	static const char *const expected[] = { "\"Manifest.Marbles.m.n.Packge\"",
		"\"Manifest.Marbles.m.n.Parameters.argv0\"",
		"\"Manifest.Marbles.m.n.Parameters.Env.E.Dta\"", "\"Manifest.Rolls\"",
		"\"Manifest.Secrets.s.Cert.Subject.DNSNames\"", "\"section\":\"Clients\"",
		"\"section\":\"Infrastructures\"" };
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		if (count_lines(&log, expected[i]) != 1)
			fail_msg("%s is not once in:\n%s", expected[i], buf_text(&log));
	}
	assert_int_equal(count_lines(&log, "\n"), 7);
	static const char *const meant[] = { "Package", "Argv", "Data", "Roles" };
	for (size_t i = 0; i < sizeof(meant) / sizeof(*meant); i++) {
		AUTO(auto_free) char *guess = NULL;
		assert_true(asprintf(&guess, "did you mean \"%s\"?", meant[i]) > 0);
		assert_int_equal(count_lines(&log, guess), 1);
	}
	assert_int_equal(count_lines(&log, "check its spelling and place"), 1);
	buf_clear(&log);
	AUTO(buf_free) struct buf many = { 0 };
	buf_put_text(&many, "{" PACKAGES ",'Marbles':{'m':{'Package':'p'}}");
	for (int i = 0; i < 100; i++)
		buf_printf(&many, ",'x%d':0", i);
	buf_put_text(&many, "}");
	collect_log(buf_text(&many), &log);
	assert_int_equal(count_lines(&log, "\n"), 21);
	assert_int_equal(count_lines(&log, "further unknown keys"), 1);
	buf_clear(&log);
	collect_log(FILES("'f':'x'"), &log);
	assert_string_equal(buf_text(&log), "");
}

static void statuses_that_cannot_be_accepted_are_told(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf log = { 0 };
	collect_log("{'Packages':{'p':{'UniqueID':'a','AcceptedTCBStatuses':['OutOfDate',"
		    "'Revoked','SWHardeningNeeded','outofdate']}},'Marbles':{'m':{'Package':'p'}}}",
		&log);
	assert_int_equal(count_lines(&log, "\n"), 2);
	assert_int_equal(count_lines(&log, "\"Manifest.Packages.p.AcceptedTCBStatuses\""), 2);
	static const char *const told[] = { "Revoked", "outofdate" };
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		AUTO(auto_free) char *line = NULL;
		assert_true(asprintf(&line,
				    "\"%s\" is no TCB status that can be accepted: there are "
				    "UpToDate, SWHardeningNeeded, ConfigurationNeeded, "
				    "ConfigurationAndSWHardeningNeeded, OutOfDate, "
				    "OutOfDateConfigurationNeeded, TDRelaunchAdvised, "
				    "TDRelaunchAdvisedConfigurationNeeded\t",
				    told[i]) > 0);
		assert_int_equal(count_lines(&log, line), 1);
	}
}

static bool find_key(void *context, const char *name, bool previous, const struct secret **secret,
	struct error *err)
{
	(void)previous;
	(void)err;
	if (!strcmp(name, "key"))
		*secret = context;
	return true;
}

/* The message of a dry run in which the secret "key" has one byte; "" if it succeeds. */
static void check_dry_run(const char *json, const char *expected)
{
	struct secret key = { .type = SECRET_SYMMETRIC_KEY };
	struct secret root = { .type = SECRET_CERT_ECDSA };
	buf_put_u8(&key.private_key, 0);
	buf_put_u8(&key.public_key, 0);
	buf_put_u8(&root.cert, 0);
	const struct template_data data = {
		.root_ca = &root, .find_secret = find_key, .context = &key
	};
	AUTO(auto_manifest) struct manifest *manifest = parse_manifest(json);
	struct error err = { 0 };
	bool succeeded = manifest_dry_run(manifest, &data, &err);
	buf_free(&key.private_key);
	buf_free(&key.public_key);
	buf_free(&root.cert);
	assert_string_equal(err.message, expected);
	assert_int_equal(succeeded, !*expected);
}

static void a_dry_run_executes_every_template(void **state)
{
	(void)state;
#define EXEC(context, function, reason)                                                            \
	"template: data:1:3: executing \"data\" at <" context ">: error calling " function         \
	": " reason
	check_dry_run(
		FILES("'f':'{{ hex .Secrets.key }}','g':'{{ pem .MarbleRun.RootCA.Cert }}'"), "");
	check_dry_run(FILES("'a':'','f':'{{ hex .Secrets.foo }}'"),
		"in Marble m: file f: " EXEC("hex .Secrets.foo", "hex", "secret does not exist"));
	check_dry_run(ENV("'E':'{{ pem .MarbleRun.RootCA.Private }}'"),
		"in Marble m: env variable E: " EXEC("pem .MarbleRun.RootCA.Private", "pem",
			"tried to parse secret with empty value"));
	check_dry_run(ENV("'E':'{{ string .Secrets.key }}'"),
		"in Marble m: env variable E: " EXEC("string .Secrets.key", "string",
			"only secrets of type plain are allowed to use string encoding for "
			"environment variables"));
	check_dry_run(ENV("'E':{'Data':'{{ hex .Secrets.foo }}','NoTemplates':true}"), "");
	check_dry_run("{" PACKAGES ",'Marbles':{'a':{'Package':'p'},'b':{'Package':'p',"
		      "'Parameters':{'Env':{'E':'{{ hex nil }}'}}}}}",
		"in Marble b: env variable E: " EXEC("hex nil", "hex", "secret does not exist"));
}

static void a_dry_run_finds_contents_that_cannot_be_delivered(void **state)
{
	(void)state;
	check_dry_run(
		ENV("'E':'a\\u0000'"), "in Marble m: env variable: E: content contains null bytes");
	check_dry_run(ENV("'E':{'Data':'AA==','Encoding':'base64','NoTemplates':true}"),
		"in Marble m: env variable: E: content contains null bytes");
	check_dry_run(FILES("'f':'a\\u0000'"), "");
	check_dry_run(ENV("'E':'{{ printf `%s` .Secrets.key.Private }}'"), "");
	AUTO(buf_free) struct buf json = { 0 };
	buf_put_text(&json,
		"{" PACKAGES ",'Marbles':{'m':{'Package':'p','Parameters':{'Files':{'f':"
		"{'NoTemplates':true,'Data':'");
	memset(buf_extend(&json, TEMPLATE_OUTPUT_MAX + 1), 'x', TEMPLATE_OUTPUT_MAX + 1);
	buf_put_text(&json, "'}}}}}}");
	check_dry_run(buf_text(&json), "in Marble m: file f: 4194305 bytes do not fit an answer to "
				       "a Marble: at most 4194304 do");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_becomes_its_model),
		cmocka_unit_test(contents_are_decoded_before_they_are_templates),
		cmocka_unit_test(what_cannot_be_decoded_is_refused),
		cmocka_unit_test(malformed_templates_are_refused_with_their_place),
		cmocka_unit_test(keys_and_sections_without_effect_are_warned_about),
		cmocka_unit_test(statuses_that_cannot_be_accepted_are_told),
		cmocka_unit_test(a_dry_run_executes_every_template),
		cmocka_unit_test(a_dry_run_finds_contents_that_cannot_be_delivered),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
