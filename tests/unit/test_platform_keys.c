/* SPDX-License-Identifier: Apache-2.0 */
/* What EREPORT and EGETKEY do on a simulated platform. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "platform/platform.h"
#include "platform_fixture.h"

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
	AUTO(auto_platform)
	struct platform *p = platform_fixture_make(folder, &platform_default_options);
	struct sgx_report report = { .body = platform_fixture_body(p) };
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
	AUTO(auto_platform)
	struct platform *p = platform_fixture_make(folder, &platform_default_options);
	struct sgx_report_body self = platform_fixture_body(p);
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
	struct sgx_report_body self = platform_fixture_body(p);
	uint8_t before[16];
	uint8_t after[16];
	platform_seal_key(p, policy, &self, before);
	platform_seal_key(p, policy, changed, after);
	return memcmp(before, after, 16) != 0;
}

static void seal_keys_follow_identity_and_version(void **state)
{
	AUTO(auto_free) char *folder = xasprintf("%s/platform", (char *)*state);
	AUTO(auto_platform)
	struct platform *p = platform_fixture_make(folder, &platform_default_options);
	struct sgx_report_body changed = platform_fixture_body(p);
	changed.mr_enclave[0] ^= 1;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_false(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = platform_fixture_body(p);
	changed.mr_signer[0] ^= 1;
	assert_false(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = platform_fixture_body(p);
	changed.isv_prod_id++;
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = platform_fixture_body(p);
	changed.isv_svn++;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = platform_fixture_body(p);
	changed.attributes.flags |= SGX_FLAG_DEBUG;
	assert_true(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
	assert_true(changes_key(p, PLATFORM_SEAL_MRSIGNER, &changed));
	changed = platform_fixture_body(p);
	memset(changed.report_data, 0, sizeof(changed.report_data));
	assert_false(changes_key(p, PLATFORM_SEAL_MRENCLAVE, &changed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_report_is_verified_by_its_target_alone),
		WITH_FOLDER(seal_keys_are_derived_as_documented),
		WITH_FOLDER(seal_keys_follow_identity_and_version),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("platform_keys", tests, NULL, NULL);
}
