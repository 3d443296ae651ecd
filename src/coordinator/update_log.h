/* SPDX-License-Identifier: Apache-2.0 */
/* The log of changes that owners read (spec client-api.md clause 5.5): one JSON object per line. */
#ifndef COORDINATOR_UPDATE_LOG_H
#define COORDINATOR_UPDATE_LOG_H

#include "base/buf.h"
#include "crypto/digest.h"

/*
 * A line begins with the present time and what happened, goes on with members (see json_members.h)
 * and ends.
 */
void update_log_begin(struct buf *log, const char *update);
void update_log_end(struct buf *log);

#define FINGERPRINT_SIZE (2 * SHA256_SIZE + 1) /* with NUL */

/* SHA-256 in hex: how a manifest is called in the log and by the client API. */
void fingerprint_of(struct bytes manifest, char fingerprint[FINGERPRINT_SIZE]);

#endif
