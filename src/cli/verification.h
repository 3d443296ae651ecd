/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a quote and a root certificate are those of the wanted Coordinator (spec cli.md 3.2). */
#ifndef CLI_VERIFICATION_H
#define CLI_VERIFICATION_H

#include "attest/era.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/ca_pair.h"
#include "cli/options.h"

/*
 * Steps 4 to 8: `quote` (with Open Enclave header) verifies as of now, is bound to the root and the
 * nonce of the options, and is of the enclave and in the state that `era` and the options accept;
 * the intermediate is issued by the root. Prints what the user should know about an accepted quote:
 * TCB levels to stdout, to stderr that it is SIMULATED. ERROR_DENIED and others say what to do.
 */
bool verify_coordinator(const struct options *options, const struct era *era, struct bytes quote,
	const struct ca_pair *certs, struct error *err);

#endif
