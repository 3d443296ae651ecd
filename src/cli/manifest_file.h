/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as the user has them, JSON or YAML, and as they are uploaded (spec cli.md clause 4). */
#ifndef CLI_MANIFEST_FILE_H
#define CLI_MANIFEST_FILE_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"

#define MANIFEST_FILE_MAX (16U << 20) /* bytes */

/*
 * Appends the JSON that a Coordinator gets: the bytes of `text` if they are JSON, else what they
 * become as YAML. ERROR_INVALID says what is wrong, and where, in the form that it seems to be in.
 */
bool manifest_text_to_json(struct bytes text, struct buf *json, struct error *err);

/* As manifest_text_to_json for a file, which the message names. */
bool manifest_file_read(const char *path, struct buf *json, struct error *err);

#define MANIFEST_FINGERPRINT_SIZE (2 * SHA256_SIZE + 1) /* hex, with NUL */

/* SHA-256 of the JSON in lower-case hex; called the manifest's signature in all output. */
void manifest_fingerprint(struct bytes json, char out[MANIFEST_FINGERPRINT_SIZE]);

#endif
