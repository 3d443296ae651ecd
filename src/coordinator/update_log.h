/* SPDX-License-Identifier: Apache-2.0 */
/* The log of changes that owners read (spec client-api.md clause 5.5): one JSON object per line. */
#ifndef COORDINATOR_UPDATE_LOG_H
#define COORDINATOR_UPDATE_LOG_H

#include "base/buf.h"

/* Appends a line with the present time. */
void update_log_put(struct buf *log, const char *update);

#endif
