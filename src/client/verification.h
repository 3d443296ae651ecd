/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a quote and a root certificate are those of the wanted Coordinator (spec cli.md 3.2). */
#ifndef CLIENT_VERIFICATION_H
#define CLIENT_VERIFICATION_H

#include "attest/ca_pair.h"
#include "base/buf.h"
#include "base/error.h"
#include "client/settings.h"

/*
 * Steps 4 to 8: `quote` (with Open Enclave header) verifies as of now, is bound to the root and the
 * nonce of the settings, and is of the enclave and in the state that they accept; the intermediate
 * is issued by the root. Notices tell what the user should know about an accepted quote: its TCB
 * level, and that it is SIMULATED. ERROR_DENIED and others say what to do.
 */
bool verify_coordinator(const struct settings *settings, struct bytes quote,
	const struct ca_pair *certs, struct error *err);

#endif
