/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packages and attestation configurations demand of the machine below an enclave, whichever
 * enclave that is (spec marble-api.md clauses 4.5 and 4.6, with its messages).
 */
#ifndef ATTEST_PLATFORM_POLICY_H
#define ATTEST_PLATFORM_POLICY_H

#include "base/error.h"
#include "dcap/verify.h"

#include <stddef.h>

/* Lists and texts are owned. */
struct platform_policy {
	char **accepted_tcb_statuses;
	size_t accepted_tcb_status_count; /* 0: SWHardeningNeeded */
	char **accepted_advisories;
	size_t accepted_advisory_count; /* 0: all */
};

/* Frees the lists and leaves the zero value. */
void platform_policy_free(struct platform_policy *policy);
/* Appends `, NAME: VALUE` for each that is set. */
void platform_policy_put_text(const struct platform_policy *policy, struct buf *out);

/* Whether TCB status and advisories are accepted. ERROR_DENIED. */
bool platform_policy_check_tcb(const struct platform_policy *policy,
	const struct dcap_result *result, struct error *err);

#endif
