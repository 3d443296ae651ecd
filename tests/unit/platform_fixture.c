/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/memory.h"
#include "platform_fixture.h"

int platform_fixture_set_up(void **state)
{
	char *folder = xstrdup("/tmp/test_platform.XXXXXX");
	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

int platform_fixture_tear_down(void **state)
{
	AUTO(auto_free) char *folder = *state;
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", folder);
	return system(command);
}

struct platform *platform_fixture_make(const char *folder, const struct platform_options *options)
{
	struct error err = { 0 };
	assert_success(platform_init(folder, options, false, &err), err);
	struct platform *platform = platform_open(folder, &err);
	assert_success(platform != NULL, err);
	return platform;
}

struct sgx_report_body platform_fixture_body(const struct platform *platform)
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
