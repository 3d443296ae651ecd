/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "dcap_assert.h"

#include "base/cleanup.h"
#include "base/memory.h"

int pki_setup(void **state)
{
	struct pki *pki = xmalloc(sizeof(*pki));
	pki_make(pki);
	pki_write(pki);
	*state = pki;
	return 0;
}

int pki_teardown(void **state)
{
	pki_free(*state);
	free(*state);
	return 0;
}

void assert_pki_status(const struct pki *pki, enum tcb_status expected)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_success(pki_verify(pki, &result, &err), err);
	assert_string_equal(tcb_status_name(result.status), tcb_status_name(expected));
}

void assert_pki_refused(const struct pki *pki, enum error_kind kind, const char *text)
{
	AUTO(dcap_result_free) struct dcap_result result = { 0 };
	struct error err = { 0 };
	assert_failure(pki_verify(pki, &result, &err), err, kind, text);
	assert_int_equal(result.status, TCB_REVOKED); /* nothing that could be taken for good */
}
