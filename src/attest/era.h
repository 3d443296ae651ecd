/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation configuration: which enclave is accepted as Coordinator, by owners and users
 * (spec cli.md 3.1) and by Marbles.
 */
#ifndef ATTEST_ERA_H
#define ATTEST_ERA_H

#include "attest/platform_policy.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

#define ERA_FILE_MAX (1U << 20)
#define ERA_TEXT_MAX 256 /* bytes of a path or name, with NUL */

struct era {
	uint64_t security_version; /* the least that is accepted */
	uint16_t product_id;       /* 0: any */
	bool debug;                /* debug enclaves are accepted as well */
	bool has_unique_id;
	bool has_signer_id;
	uint8_t unique_id[SGX_HASH_SIZE]; /* MRENCLAVE */
	uint8_t signer_id[SGX_HASH_SIZE]; /* MRSIGNER */
	/* for Marbles, which have no command line; empty when it is not given */
	char collateral[ERA_TEXT_MAX]; /* folder */
	char trust_root[ERA_TEXT_MAX]; /* certificate of a simulated root */
	struct platform_policy platform;
	bool has_nonce; /* its value means nothing: fresh quotes are asked for by flag */
	bool has_unknown;
	char unknown[ERA_TEXT_MAX]; /* the first member that means nothing, if there is any */
};

/*
 * ERROR_INVALID names the member, also one that is given twice, be it in two spellings that differ
 * in case; members of no meaning are noted. Free *era also after a failure.
 */
bool era_parse(struct bytes text, struct era *era, struct error *err);
/* Frees the lists and leaves the zero value. */
void era_free(struct era *era);

/* An identity is configured; without any, every enclave of a product is accepted. */
bool era_names_enclave(const struct era *era);

/*
 * Whether the enclave of a verified report is the configured one (spec cli.md 3.2 steps 6 and 7).
 * ERROR_DENIED says what differs.
 */
bool era_check(const struct era *era, const struct sgx_report_body *report, struct error *err);

/*
 * Whether the Coordinator's machine is accepted, as platform_policy.h has it, for those who have
 * nothing but the era file to say so. ERROR_DENIED.
 */
bool era_check_platform(const struct era *era, const struct dcap_result *result, struct error *err);

#endif
