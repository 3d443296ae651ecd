/* SPDX-License-Identifier: Apache-2.0 */
/* Certification data that name a platform, and the service that is asked for its certificate. */
#include "unit.h"

#include "pccs/pck_service.h"
#include "sgx/quote.h"

#include <string.h>

static const uint8_t bytes[SGX_PPID_RSA_3072_SIZE] = { 0xab, 1 };

static struct sgx_pck_name example(enum sgx_cert_type type)
{
	static const size_t sizes[] = { 0, 16, 256, 384 };
	return (struct sgx_pck_name){ .type = type,
		.ppid = { bytes, sizes[type] },
		.cpu_svn = { 5, 6 },
		.pce_svn = 0x0d02,
		.pce_id = { 7, 8 } };
}

static void a_name_is_parsed_as_it_was_built(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 36, 276, 404 };
	for (uint16_t type = 1; type <= 3; type++) {
		const struct sgx_pck_name name = example((enum sgx_cert_type)type);
		struct sgx_pck_name again;
		struct error err = { 0 };
		AUTO(buf_free) struct buf out = { 0 };
		sgx_pck_name_put(&out, &name);
		assert_int_equal(out.size, sizes[type]);
		assert_success(sgx_pck_name_parse(type, buf_bytes(&out), &again, &err), err);
		assert_true(bytes_equal(again.ppid, name.ppid));
		assert_memory_equal(again.cpu_svn, name.cpu_svn, sizeof(name.cpu_svn));
		assert_int_equal(again.pce_svn, 0x0d02);
		assert_memory_equal(again.pce_id, name.pce_id, sizeof(name.pce_id));
	}
}

static void a_name_of_any_other_length_is_refused(void **state)
{
	(void)state;
	for (uint16_t type = 1; type <= 3; type++) {
		const struct sgx_pck_name name = example((enum sgx_cert_type)type);
		AUTO(buf_free) struct buf out = { 0 };
		sgx_pck_name_put(&out, &name);
		size_t right = out.size;
		buf_put_zeros(&out, 300);
		for (size_t size = 0; size < out.size; size++) {
			struct sgx_pck_name parsed;
			/* early ones of type 1 have no PCEID */
			bool is_good = size == right || (type == 1 && size == right - 2);
			struct error err = { 0 };
			assert_int_equal(sgx_pck_name_parse(type, (struct bytes){ out.data, size },
						 &parsed, &err),
				is_good);
			if (!is_good)
				assert_int_equal(err.kind, ERROR_INVALID);
		}
	}
}

/* Known before anything is sent: the service is Intel's own. */
static void intels_service_is_not_asked_by_a_name_that_it_does_not_take(void **state)
{
	(void)state;
	struct qcnl config =
		qcnl_of_service("https://api.trustedservices.intel.com/sgx/certification/v4/");
	struct pccs_service service;
	struct error err = { 0 };
	assert_success(pccs_service_open(&service, &config, NULL, &err), err);
	for (int type = 1; type <= 2; type++) {
		const struct sgx_pck_name name = example((enum sgx_cert_type)type);
		const struct pck_request request = { .name = &name, .qe_id = bytes };
		const struct net_limits limits = { .silence = 1, .deadline = 1 };
		AUTO(buf_free) struct buf pem = { 0 };
		int64_t end;
		assert_failure(pccs_pck_fetch(&service, &request, &limits, &pem, &end, &err), err,
			ERROR_UNSUPPORTED, "only by its PPID encrypted with RSA-3072");
	}
	pccs_service_close(&service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_parsed_as_it_was_built),
		cmocka_unit_test(a_name_of_any_other_length_is_refused),
		cmocka_unit_test(intels_service_is_not_asked_by_a_name_that_it_does_not_take),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("pck_name", tests, NULL, NULL);
}
