/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner of a recovery key does with it, offline (spec cli.md clause 7). */
#ifndef CLI_RECOVERY_KEY_H
#define CLI_RECOVERY_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"
#include "client/pkcs11.h"

/* A private RSA key, in memory or on a token. The zero value is none. */
struct recovery_key {
	EVP_PKEY *key;
	struct pkcs11 *token; /* NULL for a key in memory */
};

/* Does the command line name one? */
bool recovery_key_is_given(const struct options *options);
/* The one that --key or --pkcs11-config names. */
bool recovery_key_read(const struct options *options, struct recovery_key *key, struct error *err);
void recovery_key_free(struct recovery_key *key);

/*
 * Appends the secret in a file: 16 or 32 bytes are one in plain text, anything else was encrypted
 * for the key, which may be none where it is not needed for anything else.
 */
bool recovery_secret_read(
	const char *path, const struct recovery_key *key, struct buf *secret, struct error *err);

/* Appends what shows the Coordinator that the owner of the key hands in this secret. */
bool recovery_secret_sign(const struct recovery_key *key, const struct buf *secret,
	struct buf *signature, struct error *err);

#endif
