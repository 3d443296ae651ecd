/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "dcap/verify.h"
#include "platform/platform.h"
#include "sgx/quote.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ISSUED_AT INT64_C(1715817600) /* 2024-05-16T00:00:00Z */
#define DAY       INT64_C(86400)

DEFINE_AUTO_FREE(auto_platform, struct platform *, platform_free)
DEFINE_AUTO_FREE(auto_verifier, struct dcap_verifier *, dcap_verifier_free)

static int set_up(void **state)
{
	char *folder = xstrdup("/tmp/test_platform.XXXXXX");
	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	AUTO(auto_free) char *folder = *state;
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", folder);
	return system(command);
}

static struct platform *make(const char *folder, const struct platform_options *options)
{
	struct error err = { 0 };
	assert_success(platform_init(folder, options, false, &err), err);
	struct platform *platform = platform_open(folder, &err);
	assert_success(platform != NULL, err);
	return platform;
}

static struct sgx_report_body example_body(const struct platform *platform)
{
	struct sgx_report_body body = {
		.attributes = { .flags = SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT, .xfrm = 0xe7 },
		.isv_prod_id = 3,
		.isv_svn = 2,
	};
	platform_cpu_svn(platform, body.cpu_svn);
	memset(body.mr_enclave, 0xe1, sizeof(body.mr_enclave));
	memset(body.mr_signer, 0x51, sizeof(body.mr_signer));
	memset(body.report_data, 0xda, sizeof(body.report_data));
	return body;
}

static mode_t mode_of(const char *folder, const char *name)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 0777;
}

static size_t entries_of(const char *folder)
{
	DIR *entries = opendir(folder);
	assert_non_null(entries);
	size_t count = 0;
	for (const struct dirent *entry; (entry = readdir(entries));)
		count += entry->d_name[0] != '.';
	closedir(entries);
	return count;
}

static void secrets_are_for_their_owner_alone(void **state)
{
	static const char *const secrets[] = { "private/root_ca_key.pem",
		"private/platform_ca_key.pem", "private/tcb_signing_key.pem",
		"private/attestation_key.pem", "private/secret" };
	AUTO(auto_free) char *folder = xasprintf("%s/missing/parents/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	assert_non_null(p);
	assert_int_equal(mode_of(folder, "private"), 0700);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_int_equal(mode_of(folder, secrets[i]), 0600);
	AUTO(auto_free) char *private = xasprintf("%s/private", folder);
	assert_int_equal(entries_of(private), sizeof(secrets) / sizeof(secrets[0]));
	assert_int_equal(mode_of(folder, "root_ca.pem"), 0644);
}

static void an_existing_folder_is_left_alone(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform/", (char *)*state);
	AUTO(auto_free) char *root = xasprintf("%s/root_ca.pem", folder);
	struct error err = { 0 };
	/* an empty one is as good as none */
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_success(platform_init(folder, &platform_default_options, false, &err), err);
	AUTO(buf_free) struct buf before = { 0 };
	AUTO(buf_free) struct buf after = { 0 };
	assert_success(file_read(root, 10000, &before, &err), err);
	assert_failure(platform_init(folder, &platform_default_options, false, &err), err,
		ERROR_STATE, "exists: name a new folder");
	assert_failure(platform_init(root, &platform_default_options, false, &err), err,
		ERROR_STATE, "exists: name a new folder");
	assert_success(file_read(root, 10000, &after, &err), err);
	assert_true(bytes_equal(buf_bytes(&before), buf_bytes(&after)));
	assert_int_equal(entries_of(*state), 1);
}

static void nothing_is_left_of_a_platform_that_could_not_be_written(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	struct rlimit limit;
	struct error err = { 0 };
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	const struct rlimit small = { .rlim_cur = 1000, .rlim_max = limit.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	bool made = platform_init(folder, &platform_default_options, false, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_failure(made, err, ERROR_INTERNAL, "File too large");
	assert_int_equal(entries_of(*state), 0);
}

static void impossible_options_are_refused(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	static const char *const bad_id[] = { "INTEL-SA-00615", "two words", NULL };
	struct error err = { 0 };
	struct platform_options o = platform_default_options;
	o.qe_status = TCB_SW_HARDENING_NEEDED;
	assert_failure(platform_init(folder, &o, false, &err), err, ERROR_INVALID,
		"never SWHardeningNeeded");
	o = platform_default_options;
	o.advisories = bad_id;
	assert_failure(platform_init(folder, &o, false, &err), err, ERROR_INVALID,
		"\"two words\" is no advisory");
	o = platform_default_options;
	o.valid_for = 0;
	assert_failure(platform_init(folder, &o, false, &err), err, ERROR_INVALID, "36500 days");
	o = platform_default_options;
	o.issued_at = INT64_C(2524608000);
	assert_failure(platform_init(folder, &o, false, &err), err, ERROR_INVALID, "2049");
	assert_int_equal(entries_of(*state), 0);
}

static void missing_platforms_are_named_with_the_remedy(void **state)
{
	struct error err = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	assert_null(platform_open(*state, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.message, "graphene-platform init"));
	assert_failure(platform_init(*state, &platform_default_options, true, &err), err,
		ERROR_NOT_FOUND, "no platform in");
	assert_failure(
		platform_describe(*state, 0, &out, &err), err, ERROR_NOT_FOUND, "no platform in");
}

static void a_quote_has_the_bytes_of_the_spec(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	struct sgx_report_body body = example_body(p);
	AUTO(buf_free) struct buf expected_body = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err = { 0 };
	struct sgx_quote quote;
	assert_success(platform_put_quote(p, &body, &out, &err), err);
	assert_success(sgx_quote_parse(buf_bytes(&out), &quote, &err), err);
	sgx_report_body_put(&expected_body, &body);
	assert_memory_equal(out.data + 48, expected_body.data, SGX_REPORT_BODY_SIZE);
	assert_int_equal(quote.header.qe_svn, 8);
	assert_int_equal(quote.header.pce_svn, 13);
	assert_false(memory_is_zero(quote.header.user_data, 16));
	assert_true(memory_is_zero(quote.header.user_data + 16, 4));
	assert_int_equal(quote.qe_report.attributes.flags, 0x15);
	assert_int_equal(quote.qe_report.attributes.xfrm, 0xe7);
	assert_int_equal(quote.qe_report.isv_svn, 8);
	assert_int_equal(quote.qe_auth_data.size, 32);
	const uint8_t *auth = quote.qe_auth_data.data;
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(auth[i], i);
	assert_int_equal(quote.cert_type, 5);
	const char *chain = quote.cert_data.data;
	assert_memory_equal(chain + quote.cert_data.size - 2, "\n", 2); /* line feed and NUL */
	AUTO(auto_pkey) EVP_PKEY *key = p256_read_point(quote.attestation_key, &err);
	assert_true(p256_verify_raw(key, quote.signed_part, quote.signature));
}

static void a_platform_is_the_same_after_it_is_opened_again(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *first = make(folder, &platform_default_options);
	struct error err = { 0 };
	AUTO(auto_platform) struct platform *second = platform_open(folder, &err);
	assert_success(second != NULL, err);
	struct sgx_report_body body = example_body(first);
	AUTO(buf_free) struct buf a = { 0 };
	AUTO(buf_free) struct buf b = { 0 };
	assert_success(platform_put_quote(first, &body, &a, &err), err);
	assert_success(platform_put_quote(second, &body, &b, &err), err);
	/* all but the signature, so what a verifier cached about the platform stays of use */
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, 436);
	assert_memory_equal(a.data + 500, b.data + 500, a.size - 500);
	uint8_t keys[2][16];
	platform_seal_key(first, PLATFORM_SEAL_MRSIGNER, &body, keys[0]);
	platform_seal_key(second, PLATFORM_SEAL_MRSIGNER, &body, keys[1]);
	assert_memory_equal(keys[0], keys[1], 16);
}

static void mixed_up_files_are_noticed(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_free) char *other = xasprintf("%s/other", (char *)*state);
	AUTO(auto_platform) struct platform *first = make(folder, &platform_default_options);
	AUTO(auto_platform) struct platform *second = make(other, &platform_default_options);
	static const char *const names[] = { "private/attestation_key.pem", "qe_report.bin",
		"pck.pem" };
	struct error err = { 0 };
	for (size_t i = 0; i < 3; i++) {
		AUTO(auto_free) char *here = xasprintf("%s/%s", folder, names[i]);
		AUTO(auto_free) char *there = xasprintf("%s/%s", other, names[i]);
		AUTO(auto_free) char *kept = xasprintf("%s/kept", folder);
		assert_int_equal(rename(here, kept), 0);
		assert_int_equal(link(there, here), 0);
		assert_null(platform_open(folder, &err));
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_non_null(strstr(err.message, "do not belong together"));
		assert_int_equal(rename(kept, here), 0);
	}
	AUTO(auto_free) char *secret = xasprintf("%s/private/secret", folder);
	assert_success(file_replace(secret, "short", 5, 0600, &err), err);
	assert_null(platform_open(folder, &err));
	assert_non_null(strstr(err.message, "private/secret has 5 bytes instead of 32"));
}

/* HKDF as the header documents it. */
static void derive(const char *folder, const struct buf *info, uint8_t key[16])
{
	AUTO(auto_free) char *path = xasprintf("%s/private/secret", folder);
	AUTO(buf_free) struct buf secret = { 0 };
	struct error err = { 0 };
	assert_success(file_read(path, 32, &secret, &err), err);
	assert_success(hkdf_sha256(buf_bytes(&secret), (struct bytes){ "", 0 }, buf_bytes(info),
			       key, 16, &err),
		err);
}

static void a_report_is_verified_by_its_target_alone(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	struct sgx_report report = { .body = example_body(p) };
	struct sgx_target_info target = { .misc_select = 1, .config_svn = 2 };
	platform_make_report(p, &target, &report);
	AUTO(buf_free) struct buf info = { 0 };
	AUTO(buf_free) struct buf body = { 0 };
	buf_put(&info, "graphene platform report key", sizeof("graphene platform report key"));
	sgx_target_info_put(&info, &target);
	buf_put(&info, report.body.cpu_svn, 16);
	buf_put(&info, report.key_id, 32);
	uint8_t key[16];
	uint8_t mac[16];
	derive(folder, &info, key);
	sgx_report_body_put(&body, &report.body);
	aes128_cmac(key, body.data, SGX_REPORT_BODY_SIZE, mac);
	assert_memory_equal(mac, report.mac, 16);
	struct sgx_report for_another = { .body = report.body };
	target.mr_enclave[31] ^= 1;
	platform_make_report(p, &target, &for_another);
	assert_memory_equal(for_another.key_id, report.key_id, 32);
	assert_memory_not_equal(for_another.mac, report.mac, 16);
}

static void seal_keys_are_derived_as_documented(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	struct sgx_report_body self = example_body(p);
	self.misc_select = 5;
	self.config_svn = 4;
	uint8_t key[16];
	uint8_t expected[16];
	for (int policy = 0; policy < 2; policy++) {
		static const char *const labels[] = { "graphene platform seal key MRENCLAVE",
			"graphene platform seal key MRSIGNER" };
		AUTO(buf_free) struct buf info = { 0 };
		buf_put(&info, labels[policy], strlen(labels[policy]) + 1);
		buf_put(&info, self.cpu_svn, 16);
		buf_put(&info, "\2\0\4\0\5\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\5\0\0\0", 24);
		buf_put(&info, policy ? self.mr_signer : self.mr_enclave, 32);
		if (policy)
			buf_put(&info, "\3\0", 2);
		derive(folder, &info, expected);
		platform_seal_key(p, (enum platform_seal_policy)policy, &self, key);
		assert_memory_equal(key, expected, 16);
	}
}

static bool changes_key(const struct platform *p, enum platform_seal_policy policy,
	const struct sgx_report_body *changed)
{
	struct sgx_report_body self = example_body(p);
	uint8_t before[16];
	uint8_t after[16];
	platform_seal_key(p, policy, &self, before);
	platform_seal_key(p, policy, changed, after);
	return memcmp(before, after, 16) != 0;
}

static void seal_keys_follow_identity_and_version(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	struct sgx_report_body changed = example_body(p);
	changed.mr_enclave[0] ^= 1;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_false(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = example_body(p);
	changed.mr_signer[0] ^= 1;
	assert_false(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = example_body(p);
	changed.isv_prod_id++;
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = example_body(p);
	changed.isv_svn++;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = example_body(p);
	changed.attributes.flags |= SGX_FLAG_DEBUG;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = example_body(p);
	memset(changed.report_data, 0, sizeof(changed.report_data));
	assert_false(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
}

#define THREADS           4
#define QUOTES_PER_THREAD 50

struct quoter {
	struct platform *platform;
	int good;
};

static void *make_quotes(void *argument)
{
	struct quoter *quoter = argument;
	struct sgx_report_body body = example_body(quoter->platform);
	for (int i = 0; i < QUOTES_PER_THREAD; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		struct sgx_quote quote;
		if (!platform_put_quote(quoter->platform, &body, &out, NULL) ||
			!sgx_quote_parse(buf_bytes(&out), &quote, NULL))
			break;
		AUTO(auto_pkey) EVP_PKEY *key = p256_read_point(quote.attestation_key, NULL);
		quoter->good += p256_verify_raw(key, quote.signed_part, quote.signature);
	}
	return NULL;
}

static void threads_make_quotes_at_once(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform) struct platform *p = make(folder, &platform_default_options);
	pthread_t threads[THREADS];
	struct quoter quoters[THREADS];
	for (int i = 0; i < THREADS; i++) {
		quoters[i] = (struct quoter){ .platform = p };
		assert_int_equal(pthread_create(&threads[i], NULL, make_quotes, &quoters[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(quoters[i].good, QUOTES_PER_THREAD);
	}
}

static bool verify(const char *folder, const struct buf *quote, int64_t now,
	struct dcap_result *result, struct error *err)
{
	AUTO(auto_free) char *collateral = xasprintf("%s/collateral", folder);
	AUTO(auto_free) char *root = xasprintf("%s/root_ca.pem", folder);
	const struct dcap_verifier_config config = { collateral, root };
	AUTO(auto_verifier) struct dcap_verifier *verifier = dcap_verifier_new(&config, err);
	return verifier && dcap_verify(verifier, buf_bytes(quote), now, result, err);
}

static void check_status(const char *folder, const struct buf *quote, enum tcb_status expected)
{
	struct dcap_result result = { 0 };
	struct error err = { 0 };
	bool good = verify(folder, quote, ISSUED_AT + DAY, &result, &err);
	if (expected == TCB_REVOKED) {
		assert_failure(good, err, ERROR_DENIED, "evoked");
		return;
	}
	assert_success(good, err);
	assert_string_equal(tcb_status_name(result.status), tcb_status_name(expected));
	assert_true(result.is_simulated);
	assert_int_equal(result.advisory_count, 2);
	assert_string_equal(result.advisories[0], "INTEL-SA-00615");
	assert_string_equal(result.advisories[1], "INTEL-SA-00289");
	assert_int_equal(result.valid_until, ISSUED_AT + 10 * DAY);
	assert_int_equal(result.tcb_evaluation_number, 21);
	assert_memory_equal(result.fmspc, "\1\2\3\4\5\6", 6);
	dcap_result_free(&result);
}

static void every_status_is_what_a_verifier_finds(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	static const char *const advisories[] = { "INTEL-SA-00615", "INTEL-SA-00289", NULL };
	static const enum tcb_status qe_statuses[] = { TCB_UP_TO_DATE, TCB_OUT_OF_DATE,
		TCB_REVOKED };
	struct platform_options o = { .advisories = advisories,
		.fmspc = { 1, 2, 3, 4, 5, 6 },
		.issued_at = ISSUED_AT,
		.valid_for = 10 * DAY,
		.tcb_evaluation_number = 21 };
	AUTO(auto_platform) struct platform *p = make(folder, &o);
	struct sgx_report_body body = example_body(p);
	AUTO(buf_free) struct buf quote = { 0 };
	struct error err = { 0 };
	assert_success(platform_put_quote(p, &body, &quote, &err), err);
	for (int i = TCB_UP_TO_DATE; i <= TCB_REVOKED; i++) {
		for (size_t j = 0; j < 3; j++) {
			o.tcb_status = (enum tcb_status)i;
			o.qe_status = qe_statuses[j];
			assert_success(platform_init(folder, &o, true, &err), err);
			check_status(
				folder, &quote, tcb_status_converge(o.tcb_status, o.qe_status));
		}
	}
}

static void collateral_ends_and_begins_again(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	struct platform_options o = platform_default_options;
	o.issued_at = ISSUED_AT;
	AUTO(auto_platform) struct platform *p = make(folder, &o);
	struct sgx_report_body body = example_body(p);
	AUTO(buf_free) struct buf quote = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	struct error err = { 0 };
	struct dcap_result result = { 0 };
	assert_success(platform_put_quote(p, &body, &quote, &err), err);
	assert_success(verify(folder, &quote, ISSUED_AT + 30 * DAY, &result, &err), err);
	dcap_result_free(&result);
	assert_failure(verify(folder, &quote, ISSUED_AT + 30 * DAY + 1, &result, &err), err,
		ERROR_DENIED, "expired");
	assert_success(platform_describe(folder, ISSUED_AT + 30 * DAY + 1, &text, &err), err);
	assert_non_null(strstr(buf_text(&text), "SIMULATED"));
	assert_non_null(strstr(buf_text(&text), "to 2024-06-15T00:00:00Z, EXPIRED"));
	o.issued_at = 0;
	o.pck_revoked = true;
	assert_success(platform_init(folder, &o, true, &err), err);
	assert_failure(
		verify(folder, &quote, clock_now(), &result, &err), err, ERROR_DENIED, "revoked");
	buf_clear(&text);
	assert_success(platform_describe(folder, clock_now(), &text, &err), err);
	assert_non_null(strstr(buf_text(&text), "PCK certificate     REVOKED"));
	assert_null(strstr(buf_text(&text), "EXPIRED"));
	o.pck_revoked = false;
	assert_success(platform_init(folder, &o, true, &err), err);
	assert_success(verify(folder, &quote, clock_now(), &result, &err), err);
	dcap_result_free(&result);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(secrets_are_for_their_owner_alone),
		WITH_FOLDER(an_existing_folder_is_left_alone),
		WITH_FOLDER(nothing_is_left_of_a_platform_that_could_not_be_written),
		WITH_FOLDER(impossible_options_are_refused),
		WITH_FOLDER(missing_platforms_are_named_with_the_remedy),
		WITH_FOLDER(a_quote_has_the_bytes_of_the_spec),
		WITH_FOLDER(a_platform_is_the_same_after_it_is_opened_again),
		WITH_FOLDER(mixed_up_files_are_noticed),
		WITH_FOLDER(a_report_is_verified_by_its_target_alone),
		WITH_FOLDER(seal_keys_are_derived_as_documented),
		WITH_FOLDER(seal_keys_follow_identity_and_version),
		WITH_FOLDER(threads_make_quotes_at_once),
		WITH_FOLDER(every_status_is_what_a_verifier_finds),
		WITH_FOLDER(collateral_ends_and_begins_again),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
