/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed state that waits for the parts of its data key (spec client-api.md clause 7.2). Parts
 * that were handed out in several are known by their hashes; where there are none, because there is
 * one part or the recovery data are lost, each is tried, alone and together with those before it.
 */
#ifndef COORDINATOR_RECOVERY_H
#define COORDINATOR_RECOVERY_H

#include "coordinator/recovery_secrets.h"

struct recovery;

/* Of the data file, which is taken. One that is damaged is known then, and said at each part. */
struct recovery *recovery_new(struct buf *data_file);
void recovery_free(struct recovery *recovery);

struct recovery_result {
	size_t remaining; /* parts that are missing; a guess where nobody knows. 0: it is open */
	struct buf state;
	struct sealing sealing;
	uint64_t sequence;
	const struct recovery_part **parts; /* which opened it; of the recovery */
	size_t count;
};

void recovery_result_free(struct recovery_result *result);

/*
 * Takes one part into account. ERROR_DENIED and ERROR_INVALID in the words of the clause when it is
 * none.
 */
bool recovery_add(struct recovery *recovery, struct bytes secret, struct bytes signature,
	struct recovery_result *result, struct error *err);

/* Forgets all parts. */
void recovery_restart(struct recovery *recovery);

DEFINE_AUTO_FREE(auto_recovery, struct recovery *, recovery_free)

#endif
