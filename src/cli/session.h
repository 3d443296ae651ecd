/* SPDX-License-Identifier: Apache-2.0 */
/* How a command gets a Coordinator that it may trust (spec cli.md clause 3). */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/options.h"
#include "marblerun/marblerun.h"

DEFINE_AUTO_FREE(auto_marblerun, struct marblerun *, marblerun_free)

/*
 * Verifies the Coordinator's quote (unless --insecure says not to), saves it if wanted, and trusts
 * the root alone that it vouches for. NULL with the error. The caller frees, here and below.
 */
struct marblerun *session_attest(
	const struct options *options, const char *host, struct error *err);

/* Without attestation: trusts the cached root, or with --insecure anybody. */
struct marblerun *session_from_cache(
	const struct options *options, const char *host, struct error *err);

/* The same as a user, who is known by --cert and --key, or by a PKCS#11 token. */
struct marblerun *session_as_user(
	const struct options *options, const char *host, struct error *err);

/* Sets err to why a function of the library failed. Returns false. */
bool session_failed(const struct marblerun *marblerun, struct error *err);

/* What the library gave, for functions of ours. */
struct bytes session_bytes(const struct marblerun_bytes *given);

#endif
