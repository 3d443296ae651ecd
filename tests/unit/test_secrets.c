/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "coordinator/secrets.h"
#include "manifest/cert_template.h"

#define NOW INT64_C(1800000000)
#define DAY 86400

struct fixture {
	struct pki pki;
	struct secret *definition; /* of a certificate */
};

static void fixture_free(struct fixture *fixture)
{
	pki_free(&fixture->pki);
	secret_free(fixture->definition);
}

static struct pki new_pki(void)
{
	struct pki pki;
	struct error err = { 0 };
	const struct pki_options options = { .curve_bits = 256, .alt_names = "localhost" };
	assert_success(pki_create(&pki, &options, NOW, &err), err);
	return pki;
}

/* `template` is JSON. */
static struct fixture new_fixture(enum secret_type type, uint64_t size, const char *template)
{
	struct error err = { 0 };
	const struct secret definition = { .type = type, .size = size, .shared = true };
	struct fixture fixture = { new_pki(), secret_of_definition(&definition) };
	fixture.definition->template = cert_template_parse(bytes_of_text(template), &err);
	assert_success(fixture.definition->template, err);
	return fixture;
}

static int64_t seconds_to_end(X509 *certificate)
{
	int days;
	int seconds;
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate),
				 X509_get0_notAfter(certificate)),
		1);
	return (int64_t)days * DAY + seconds;
}

static void a_renewed_certificate_keeps_what_the_manifest_said(void **state)
{
	(void)state;
	AUTO(fixture_free)
	struct fixture fixture = new_fixture(SECRET_CERT_ED25519, 0,
		"{\"Subject\":{\"CommonName\":\"name\"},\"DNSNames\":[\"a.example\"],"
		"\"KeyUsage\":1,\"ExtKeyUsage\":[1],\"IsCA\":true,\"OCSPServer\":[\"http://o\"]}");
	fixture.definition->valid_for = 30;
	struct error err = { 0 };
	AUTO(auto_secret)
	struct secret *first =
		secret_generate(fixture.definition, "s", NULL, &fixture.pki, NOW, &err);
	assert_success(first, err);
	pki_free(&fixture.pki);
	fixture.pki = new_pki();
	AUTO(auto_secret)
	struct secret *second = secret_renew(first, "s", &fixture.pki, NOW + 10 * DAY, &err);
	assert_success(second, err);
	assert_false(bytes_equal(buf_bytes(&first->public_key), buf_bytes(&second->public_key)));
	assert_int_equal(second->valid_for, 30);
	assert_true(second->shared);
	AUTO(auto_x509) X509 *before = cert_read(buf_bytes(&first->cert), &err);
	AUTO(auto_x509) X509 *after = cert_read(buf_bytes(&second->cert), &err);
	assert_int_equal(X509_verify(after, fixture.pki.intermediate_key), 1);
	assert_int_equal(X509_verify(before, fixture.pki.intermediate_key), 0);
	assert_int_equal(
		X509_NAME_cmp(X509_get_subject_name(before), X509_get_subject_name(after)), 0);
	assert_int_equal(seconds_to_end(before), 30 * DAY);
	assert_int_equal(seconds_to_end(after), 20 * DAY);
	assert_int_equal(X509_get_key_usage(after), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(after), XKU_SSL_SERVER);
	assert_true(X509_get_extension_flags(after) & EXFLAG_CA);
	assert_int_equal(X509_check_host(after, "a.example", 0, 0, NULL), 1);
	STACK_OF(OPENSSL_STRING) *ocsp = X509_get1_ocsp(after);
	assert_int_equal(sk_OPENSSL_STRING_num(ocsp), 1);
	X509_email_free(ocsp);
}

static void keys_and_user_defined_certificates_are_not_renewed(void **state)
{
	(void)state;
	AUTO(fixture_free) struct fixture fixture = new_fixture(SECRET_CERT_ECDSA, 256, "{}");
	const struct secret key = { .type = SECRET_SYMMETRIC_KEY, .size = 128, .shared = true };
	struct error err = { 0 };
	AUTO(auto_secret)
	struct secret *own = secret_generate(&key, "k", NULL, &fixture.pki, NOW, &err);
	AUTO(auto_secret) struct secret *kept = secret_renew(own, "k", &fixture.pki, NOW, &err);
	assert_true(bytes_equal(buf_bytes(&own->private_key), buf_bytes(&kept->private_key)));
	AUTO(auto_secret)
	struct secret *given =
		secret_generate(fixture.definition, "c", NULL, &fixture.pki, NOW, &err);
	given->user_defined = true;
	AUTO(auto_secret) struct secret *same = secret_renew(given, "c", &fixture.pki, NOW, &err);
	assert_true(bytes_equal(buf_bytes(&given->cert), buf_bytes(&same->cert)));
	assert_true(same->user_defined);
}

static void a_duration_beyond_all_dates_is_refused(void **state)
{
	(void)state;
	AUTO(fixture_free) struct fixture fixture = new_fixture(SECRET_CERT_ECDSA, 256, "{}");
	static const uint64_t days[] = { 2900001, UINT64_MAX };
	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		struct error err = { 0 };
		fixture.definition->valid_for = days[i];
		assert_failure(
			secret_generate(fixture.definition, "s", NULL, &fixture.pki, NOW, &err),
			err, ERROR_INVALID, "secret s: ValidFor is over 2900000 days");
	}
}

static void only_what_has_no_value_gets_a_stand_in(void **state)
{
	(void)state;
	struct secret secret = { .type = SECRET_PLAIN, .user_defined = true };
	buf_put_text(&secret.public_key, "given");
	AUTO(auto_secret) struct secret *full = secret_stand_in(&secret);
	assert_string_equal(buf_text(&full->public_key), "given");
	assert_int_equal(full->private_key.size, 1);
	assert_int_equal(full->cert.size, 1);
	buf_free(&secret.public_key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renewed_certificate_keeps_what_the_manifest_said),
		cmocka_unit_test(keys_and_user_defined_certificates_are_not_renewed),
		cmocka_unit_test(a_duration_beyond_all_dates_is_refused),
		cmocka_unit_test(only_what_has_no_value_gets_a_stand_in),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
