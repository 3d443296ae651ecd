/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often each Marble type was activated (spec marble-api.md clause 6), for the types that have a
 * limit, and the monotonic counters of Marbles (client-api.md clause 5.11). Counts only grow. They
 * live in a journal of sealed records beside the sealed state, tied to it by the deployment's ID; a
 * thread of its own writes all increments that came meanwhile as one record and syncs once (group
 * commit), so an answer never precedes its increment on disk.
 */
#ifndef COORDINATOR_COUNTERS_H
#define COORDINATOR_COUNTERS_H

#include "base/buf.h"
#include "base/error.h"

#define COUNTER_KEY_SIZE 32

struct counters;
struct witness; /* coordinator/witness.h */

struct counters_config {
	const char *folder;
	const uint8_t *id;       /* of the deployment, 16 bytes */
	const uint8_t *key;      /* COUNTER_KEY_SIZE bytes */
	bool may_be_old;         /* the journal may have format 1 */
	bool is_in_memory;       /* nothing is written; the folder is for counters_keep_on_disk */
	struct witness *witness; /* is told of every record that was written; NULL for none */
};

/*
 * Makes the journal of a new deployment, durably. Those of earlier deployments are left alone until
 * counters_remove_others.
 */
struct counters *counters_create(const struct counters_config *config, struct error *err);
/* Reads the journal. A missing or damaged one is an error: the counts would start again at 0. */
struct counters *counters_open(const struct counters_config *config, struct error *err);
/* Ends the thread after the last increment was written. */
void counters_close(struct counters *counters);
void counters_remove_others(const struct counters_config *config);

/* True if `name` was activated fewer than `limit` times, increments under way included. */
bool counters_has_room(struct counters *counters, const char *name, uint64_t limit);

/*
 * Increments, unless the limit is reached meanwhile: then false, and `done` is not called.
 * Otherwise `done` is called on the counters' thread when the increment is on disk (error NULL), or
 * with what went wrong (the increment is undone).
 */
bool counters_increment(struct counters *counters, const char *name, uint64_t limit,
	void (*done)(void *context, const struct error *error), void *context);

/*
 * Makes a counter, which may be new, `value` or leaves it greater. Returns when that is on disk;
 * *previous is what it was before.
 */
bool counters_raise(struct counters *counters, const char *name, uint64_t value, uint64_t *previous,
	struct error *err);

/* Has them written from now on, durably with what they are; or not any more. */
bool counters_keep_on_disk(struct counters *counters, bool on_disk, struct error *err);

/* How many records the journal ever had. */
uint64_t counters_records(struct counters *counters);

#endif
