/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation configuration: which enclave is accepted as Coordinator (spec cli.md 3.1). */
#ifndef CLI_ERA_H
#define CLI_ERA_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"
#include "sgx/report.h"

#include <stdbool.h>
#include <stdint.h>

#define ERA_DEFAULT_FILE "era-config.json" /* in the working directory */

struct era {
	uint64_t security_version; /* the least that is accepted */
	uint16_t product_id;       /* 0: any */
	bool debug;                /* debug enclaves are accepted as well */
	bool has_unique_id;
	bool has_signer_id;
	uint8_t unique_id[SGX_HASH_SIZE]; /* MRENCLAVE */
	uint8_t signer_id[SGX_HASH_SIZE]; /* MRSIGNER */
};

/* ERROR_INVALID names the member. Prints a warning to stderr for members that it does not know. */
bool era_parse(struct bytes text, struct era *era, struct error *err);

/*
 * Reads the file of --era-config, else the default one, and prints which. ERROR_NOT_FOUND, with how
 * to make one, when there is neither.
 */
bool era_load(const struct options *options, struct era *era, struct error *err);

/*
 * Whether the enclave of a verified report is the configured one (clause 3.2 steps 6 and 7).
 * ERROR_DENIED says what differs. Prints a warning when no identity is configured at all.
 */
bool era_check(const struct era *era, const struct sgx_report_body *report, struct error *err);

#endif
