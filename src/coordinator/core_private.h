/* SPDX-License-Identifier: Apache-2.0 */
/* Of the files core*.c alone. The caller holds core->writing, or has the core for itself. */
#ifndef COORDINATOR_CORE_PRIVATE_H
#define COORDINATOR_CORE_PRIVATE_H

#include "coordinator/core.h"
#include "coordinator/store.h"

/* Whatever it is that goes wrong on disk, it is our own fault, not that of who asked. */
bool core_fail_sealing(const struct error *reason, struct error *err);

/* Where and how the counters of a deployment are kept. */
struct counters_config core_counters_config(
	const struct core *core, const struct deployment *deployment);

/*
 * Seals, as the deployment's manifest wants it, and tells the witness. On failure the state before
 * is in force on disk as well. Marks the deployment as witnessed if it is.
 */
bool core_save(struct core *core, struct deployment *next, struct error *err);

/* Is the deployment, which was sealed as number `sequence`, as new as the witness knows it? */
bool core_ask_witness(struct core *core, struct deployment *deployment, struct counters *counters,
	uint64_t sequence, struct error *err);

/* Makes it the present one. Both are the core's from now on. */
void core_publish(struct core *core, struct deployment *next, struct counters *counters);

/* Nothing waits for a recovery any more. */
void core_forget_recovery(struct core *core);

#endif
