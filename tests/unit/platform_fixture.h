/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder for each test that makes platforms, and what such tests begin with. */
#ifndef TESTS_PLATFORM_FIXTURE_H
#define TESTS_PLATFORM_FIXTURE_H

#include "base/cleanup.h"
#include "platform/platform.h"

DEFINE_AUTO_FREE(auto_platform, struct platform *, platform_free)

/* For cmocka; *state is the path of the folder. */
int platform_fixture_set_up(void **state);
int platform_fixture_tear_down(void **state);

#define WITH_FOLDER(test)                                                                          \
	cmocka_unit_test_setup_teardown(test, platform_fixture_set_up, platform_fixture_tear_down)

/* Makes the platform in the folder and opens it, or fails the test. */
struct platform *platform_fixture_make(const char *folder, const struct platform_options *options);

/* Of a production enclave with ISVPRODID 3 and ISVSVN 2. */
struct sgx_report_body platform_fixture_body(const struct platform *platform);

#endif
