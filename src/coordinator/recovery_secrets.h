/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the data key gets into the hands of those who have the recovery keys, and out of them again
 * (spec client-api.md clause 7). The recovery data are what the Coordinator keeps, in plain text,
 * of the parts that it handed out: a JSON object of their SHA-256, or null where there was one or
 * none.
 */
#ifndef COORDINATOR_RECOVERY_SECRETS_H
#define COORDINATOR_RECOVERY_SECRETS_H

#include "coordinator/sealed_file.h"
#include "crypto/digest.h"
#include "manifest/manifest.h"

/*
 * Adds to `secrets` for each recovery key of the manifest its part of the data key, encrypted: name
 * to struct buf. Appends the recovery data to `data`. ERROR_INVALID for keys that are none.
 */
bool recovery_split(const struct manifest *manifest, const uint8_t data_key[DATA_KEY_SIZE],
	struct strmap *secrets, struct buf *data, struct error *err);
void recovery_secrets_free(struct strmap *secrets);

/* Whether the parts of one manifest's keys would not do for the other. */
bool recovery_is_changed(const struct manifest *before, const struct manifest *after);

/* The text of recovery data for parts with these hashes, name to nothing. */
void recovery_data_put(struct buf *data, const struct strmap *hashes);
/*
 * Fills the map with the hashes; *has_none for recovery data that are null or lost. ERROR_INVALID
 * for what is neither.
 */
bool recovery_data_read(
	struct bytes data, struct strmap *hashes, bool *has_none, struct error *err);
/* The hash as it stands there. */
void recovery_hash(struct bytes secret, char hash[2 * SHA256_SIZE + 1]);

/* What one of the owners handed in. */
struct recovery_part {
	struct buf secret;
	struct buf signature;
};

void recovery_part_free(void *part);

/*
 * Are the parts, which restored the data key, those that the manifest asks for, and signed with
 * different keys of it (clause 7.2)? ERROR_DENIED.
 */
bool recovery_check_signatures(const struct manifest *manifest,
	const struct recovery_part *const *parts, size_t count, struct error *err);

#endif
