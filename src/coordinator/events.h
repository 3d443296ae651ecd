/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Marbles were activated, in memory (spec client-api.md clause 10). Any thread may call any
 * function; all accept NULL for events, which then are not kept.
 */
#ifndef COORDINATOR_EVENTS_H
#define COORDINATOR_EVENTS_H

#include "base/buf.h"

/* The oldest ones make room for new ones. */
#define EVENTS_MAX 4096

struct events;

struct events *events_new(void);
void events_free(struct events *events);

/* An activation now. */
void events_add(
	struct events *events, const char *marble_type, const char *uuid, struct bytes quote);

/* Appends them as JSON, oldest first; null while there are none. */
void events_put(struct events *events, struct buf *out);

#endif
