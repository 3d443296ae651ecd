/* SPDX-License-Identifier: Apache-2.0 */
/* Both APIs on all event loops, from the opening of their addresses to the signal that ends them.
 */
#ifndef COORDINATOR_SERVE_H
#define COORDINATOR_SERVE_H

#include "coordinator/config.h"
#include "coordinator/core.h"

/* Returns true after SIGTERM or SIGINT, false when it cannot begin. */
bool serve(struct core *core, const struct config *config, struct error *err);

#endif
