/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner of a recovery key does with it, offline (spec cli.md clause 7). */
#ifndef CLI_RECOVERY_KEY_H
#define CLI_RECOVERY_KEY_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/options.h"
#include "crypto/openssl.h"

/* The private key that --key names. NULL with the error; the caller frees. */
EVP_PKEY *recovery_key_read(const struct options *options, struct error *err);

/*
 * Appends the secret in a file: 16 or 32 bytes are one in plain text, anything else was encrypted
 * for `key`, which may be NULL where --key is not needed for anything else.
 */
bool recovery_secret_read(const char *path, EVP_PKEY *key, struct buf *secret, struct error *err);

/* Appends what shows the Coordinator that the owner of the key hands in this secret. */
bool recovery_secret_sign(
	EVP_PKEY *key, const struct buf *secret, struct buf *signature, struct error *err);

#endif
