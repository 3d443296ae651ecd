/* SPDX-License-Identifier: Apache-2.0 */
/* How a command gets a connection to a Coordinator that it may trust (spec cli.md clause 3). */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/error.h"
#include "cli/ca_pair.h"
#include "cli/https.h"
#include "cli/options.h"

struct session {
	struct https *https;  /* to nobody but the owner of certs.root, if there is one */
	struct ca_pair certs; /* none in a session_from_cache with --insecure */
};

/*
 * Gets the quote over a connection that trusts nobody and sends nothing, verifies it (unless
 * --insecure says not to), saves it if wanted, and opens a connection that trusts only the verified
 * root.
 */
bool session_attest(const struct options *options, const char *host, struct session *session,
	struct error *err);

/* Without attestation: trusts the cached root, or with --insecure anybody. */
bool session_from_cache(const struct options *options, const char *host, struct session *session,
	struct error *err);

/* The same as a user, who is known by --cert and --key. */
bool session_as_user(const struct options *options, const char *host, struct session *session,
	struct error *err);

void session_free(struct session *session);

#endif
