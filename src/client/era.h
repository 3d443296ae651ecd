/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation configuration: which enclave is accepted as Coordinator (spec cli.md 3.1). */
#ifndef CLIENT_ERA_H
#define CLIENT_ERA_H

#include "base/buf.h"
#include "base/error.h"
#include "client/notices.h"
#include "sgx/report.h"

#include <stdbool.h>
#include <stdint.h>

struct era {
	uint64_t security_version; /* the least that is accepted */
	uint16_t product_id;       /* 0: any */
	bool debug;                /* debug enclaves are accepted as well */
	bool has_unique_id;
	bool has_signer_id;
	uint8_t unique_id[SGX_HASH_SIZE]; /* MRENCLAVE */
	uint8_t signer_id[SGX_HASH_SIZE]; /* MRSIGNER */
};

/* ERROR_INVALID names the member. A notice warns of members that it does not know. */
bool era_parse(
	struct bytes text, struct era *era, const struct notices *notices, struct error *err);

/*
 * Whether the enclave of a verified report is the configured one (clause 3.2 steps 6 and 7).
 * ERROR_DENIED says what differs. A notice warns when no identity is configured at all.
 */
bool era_check(const struct era *era, const struct sgx_report_body *report,
	const struct notices *notices, struct error *err);

#endif
