/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_rows.h"

#include "base/base64.h"
#include "crypto/cert.h"
#include "manifest/secret_upload.h"

static void free_value(void *secret)
{
	secret_free(secret);
}

static void free_values(struct strmap *values)
{
	strmap_free(values, free_value);
}

/* Definitions of every type; `generated` and `fixed` are not for users to write. */
static struct manifest *definitions(void)
{
	return parse_manifest("{'Packages':{'p':{'UniqueID':'a'}},'Marbles':{'m':{'Package':'p'}},"
			      "'Secrets':{"
			      "'key':{'Type':'symmetric-key','Size':24,'UserDefined':true},"
			      "'odd':{'Type':'symmetric-key','Size':9,'UserDefined':true},"
			      "'text':{'Type':'plain','UserDefined':true},"
			      "'rsa':{'Type':'cert-rsa','Size':2048,'UserDefined':true},"
			      "'generated':{'Type':'symmetric-key','Size':24}}}");
}

/* ' stands for ". */
static bool upload(const char *json, struct strmap *values, struct error *err)
{
	AUTO(auto_manifest) struct manifest *manifest = definitions();
	AUTO(auto_free) char *text = strdup(json);
	for (char *c = text; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	return secret_upload_parse(bytes_of_text(text), &manifest->secrets, values, err);
}

static void assert_bytes(const struct buf *value, const char *expected)
{
	assert_string_equal(buf_text(value), expected);
	assert_int_equal(value->size, strlen(expected));
}

static void keys_and_plain_secrets_are_taken_as_they_are(void **state)
{
	(void)state;
	AUTO(free_values) struct strmap values = { 0 };
	struct error err = { 0 };
	assert_success(
		upload("{'text':{'Key':'aGVsbG8='},'key':{'key':[97,98,99]}}", &values, &err), err);
	assert_int_equal(values.count, 2);
	const struct secret *key = strmap_get(&values, "key");
	const struct secret *text = strmap_get(&values, "text");
	assert_bytes(&key->private_key, "abc");
	assert_bytes(&key->public_key, "abc");
	assert_int_equal(key->size, 24);
	assert_true(key->user_defined);
	assert_bytes(&text->private_key, "hello");
	assert_bytes(&text->public_key, "hello");
	assert_int_equal(text->type, SECRET_PLAIN);
}

/* Appends the JSON of a certificate, DER in base64, and puts its key into `key`. */
static void put_certificate(struct buf *json, struct buf *public_key)
{
	AUTO(auto_pkey) EVP_PKEY *key = key_generate_ed25519(NULL);
	AUTO(auto_x509_name) X509_NAME *name = cert_name("x");
	const struct cert_fields fields = { .key = key,
		.subject = name,
		.issuer_key = key_generate_ec(256, NULL),
		.not_after = 1000 };
	AUTO(buf_free) struct buf der = { 0 };
	assert_true(cert_issue_der(&fields, &der, NULL));
	EVP_PKEY_free(fields.issuer_key);
	assert_true(key_put_public(key, public_key, NULL));
	base64_encode(json, der.data, der.size);
}

static void of_a_certificate_the_public_key_is_computed(void **state)
{
	(void)state;
	AUTO(free_values) struct strmap values = { 0 };
	AUTO(buf_free) struct buf json = { 0 };
	AUTO(buf_free) struct buf public_key = { 0 };
	struct error err = { 0 };
	buf_put_text(&json, "{'rsa':{'Cert':'");
	put_certificate(&json, &public_key);
	buf_put_text(&json, "','Private':'AQL/'}}");
	assert_success(upload(buf_text(&json), &values, &err), err);
	const struct secret *secret = strmap_get(&values, "rsa");
	assert_bytes(&secret->private_key, "\x01\x02\xff");
	assert_true(bytes_equal(buf_bytes(&secret->public_key), buf_bytes(&public_key)));
	assert_true(secret->cert.size > 0);
}

/* A certificate with a key of an algorithm that does not exist. */
static const char strange[] =
	"MIGrMF+gAwIBAgIBATAFBgMrZXAwADAeFw0yMDAxMDEwMDAwMDBaFw0zMDAxMDEwMDAwMDBaMAAwKjAF"
	"BgMpZXADIQD144TBZdrAJpSNGXWfn79B6WhmYPsU3lJYykIlW0yTWTAFBgMrZXADQQD5J4ZXegsea/nc"
	"QZ6ae1BdNo3W5gLvFT71hl6IYzBuJewTeQAoRpPdfUdyne5stcWR+Sg5aVmgJ8LNbyYD10QJ";

static void a_key_that_nobody_knows_is_refused(void **state)
{
	(void)state;
	AUTO(free_values) struct strmap values = { 0 };
	AUTO(auto_free) char *json = NULL;
	struct error err = { 0 };
	assert_true(asprintf(&json, "{'rsa':{'Cert':'%s'}}", strange) > 0);
	assert_failure(upload(json, &values, &err), err, ERROR_INVALID,
		"secret rsa: a public key of an unknown kind: ");
}

static void what_does_not_fit_is_refused_in_the_words_of_the_spec(void **state)
{
	(void)state;
	static const struct manifest_row rows[] = {
		{ "{}", "no new secrets defined" },
		{ "null", "no new secrets defined" },
		{ "{'foo':{'Key':'AA=='}}", "secret manifest specifies a secret which the original "
					    "manifest does not contain" },
		{ "{'generated':{'Key':'AQL/'}}", "secret generated is not writeable" },
		{ "{'odd':{'Key':'AQL/'}}", "invalid secret size: odd" },
		{ "{'key':{'Key':'AQI='}}", "declared size and actual size don't match: key" },
		{ "{'key':{'Private':'AQL/'}}", "declared size and actual size don't match: key" },
		{ "{'key':{'Key':'AQL/','Private':'AA=='}}",
			"secret key is set to be of type symmetric-key but specified values for a "
			"certificate" },
		{ "{'text':{'Cert':'AA=='}}",
			"secret text is set to be of type symmetric-key but specified values for a "
			"certificate" },
		{ "{'rsa':{'Key':'AA=='}}", "secret rsa is set to be of type cert-rsa but "
					    "specified values for a symmetric-key" },
		{ "{'rsa':{'Cert':'?'}}", "secret rsa: not an X.509 certificate: " },
		{ "{'rsa':{'Cert':{'DNSNames':[]}}}", "only a whole certificate, DER in base64, "
						      "can be uploaded (secrets.rsa.Cert)" },
		{ "{'key':{'Key':'A'}}", "illegal base64 data (secrets.key.Key)" },
		{ "[]", "json: cannot unmarshal array into Go value of type secrets" },
		{ "{'key':{'Key':'AQL/'}", "unexpected end of JSON input" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO(free_values) struct strmap values = { 0 };
		struct error err = { 0 };
		assert_failure(
			upload(rows[i].json, &values, &err), err, ERROR_INVALID, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_plain_secrets_are_taken_as_they_are),
		cmocka_unit_test(of_a_certificate_the_public_key_is_computed),
		cmocka_unit_test(a_key_that_nobody_knows_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused_in_the_words_of_the_spec),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("secret_upload", tests, NULL, NULL);
}
