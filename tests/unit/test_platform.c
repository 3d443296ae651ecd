/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "crypto/p256.h"
#include "platform/platform.h"
#include "platform_fixture.h"
#include "sgx/quote.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

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
		"private/attestation_key.pem", "private/td_attestation_key.pem", "private/secret" };
	AUTO(auto_free) char *folder = xasprintf("%s/missing/parents/platform", (char *)*state);
	platform_free(platform_fixture_make(folder, &platform_default_options));
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
	AUTO(auto_platform)
	struct platform *p = platform_fixture_make(folder, &platform_default_options);
	struct sgx_report_body body = platform_fixture_body(p);
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
	AUTO(auto_p256_key) struct p256_key *key = p256_key_new(quote.attestation_key, &err);
	assert_true(p256_verify_raw(key, quote.signed_part, quote.signature));
}

static void a_platform_is_the_same_after_it_is_opened_again(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform)
	struct platform *first = platform_fixture_make(folder, &platform_default_options);
	struct error err = { 0 };
	AUTO(auto_platform) struct platform *second = platform_open(folder, &err);
	assert_success(second != NULL, err);
	struct sgx_report_body body = platform_fixture_body(first);
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
	platform_free(platform_fixture_make(folder, &platform_default_options));
	platform_free(platform_fixture_make(other, &platform_default_options));
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

#define THREADS           4
#define QUOTES_PER_THREAD 50

struct quoter {
	struct platform *platform;
	int good;
};

static void *make_quotes(void *argument)
{
	struct quoter *quoter = argument;
	struct sgx_report_body body = platform_fixture_body(quoter->platform);
	for (int i = 0; i < QUOTES_PER_THREAD; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		struct sgx_quote quote;
		if (!platform_put_quote(quoter->platform, &body, &out, NULL) ||
			!sgx_quote_parse(buf_bytes(&out), &quote, NULL))
			break;
		AUTO(auto_p256_key)
		struct p256_key *key = p256_key_new(quote.attestation_key, NULL);
		quoter->good += p256_verify_raw(key, quote.signed_part, quote.signature);
	}
	return NULL;
}

static void threads_make_quotes_at_once(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform)
	struct platform *p = platform_fixture_make(folder, &platform_default_options);
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
		WITH_FOLDER(threads_make_quotes_at_once),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
