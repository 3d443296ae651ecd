/* SPDX-License-Identifier: Apache-2.0 */
/* Tries a manifest before it is accepted (spec manifest.md clause 5.5). */
#ifndef COORDINATOR_DRY_RUN_H
#define COORDINATOR_DRY_RUN_H

#include "coordinator/deployment.h"

/*
 * Generates each private secret once and executes each template of each Marble, for a UUID that no
 * Marble has. Something stands for every user-defined secret but those that are in `uploaded`, a
 * map by name, which may be NULL. Errors have the prefix of the spec.
 */
bool dry_run(const struct deployment *deployment, const struct strmap *uploaded, int64_t now,
	struct error *err);

#endif
