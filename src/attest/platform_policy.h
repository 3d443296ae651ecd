/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packages and attestation configurations demand of the machine below an enclave, whichever
 * enclave that is: TCB status and advisories (spec marble-api.md clauses 4.5 and 4.6, with its
 * messages); and, of our own, how new the collateral is and which machines there are (spec dcap.md
 * clause 4, step 15 and the end of 4.3).
 */
#ifndef ATTEST_PLATFORM_POLICY_H
#define ATTEST_PLATFORM_POLICY_H

#include "base/error.h"
#include "dcap/verify.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists and texts are owned. */
struct platform_policy {
	char **accepted_tcb_statuses;
	size_t accepted_tcb_status_count; /* 0: SWHardeningNeeded */
	char **accepted_advisories;
	size_t accepted_advisory_count;         /* 0: all */
	uint64_t minimum_tcb_evaluation_number; /* 0: any */
	char **accepted_platforms;              /* PPIDs and platform instance IDs in hex */
	size_t accepted_platform_count;         /* 0: all */
};

/* Frees the lists and leaves the zero value. */
void platform_policy_free(struct platform_policy *policy);
/* Appends `, NAME: VALUE` for each that is set. */
void platform_policy_put_text(const struct platform_policy *policy, struct buf *out);

/* Whether TCB status and advisories are accepted. ERROR_DENIED. */
bool platform_policy_check_tcb(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err);

/*
 * Whether the TCB evaluation data number is high enough, and the machine one of those accepted.
 * ERROR_DENIED says what the collateral or the machine has, so that it can be added.
 */
bool platform_policy_check_machine(
	const struct platform_policy *policy, const struct dcap_result *result, struct error *err);

/* Whether the text can be an entry of accepted_tcb_statuses: a status, and not Revoked. */
bool platform_policy_is_status(const char *text);
/* Appends all of them, separated by ", ". */
void platform_policy_put_statuses(struct buf *out);

/* Whether the text can be an entry of accepted_platforms: 32 hex digits. */
bool platform_policy_is_platform_id(const char *text);

#endif
