/* SPDX-License-Identifier: Apache-2.0 */
/* A full update that waits for users to acknowledge it (spec manifest.md clause 8.3). */
#ifndef COORDINATOR_PENDING_UPDATE_H
#define COORDINATOR_PENDING_UPDATE_H

#include "manifest/manifest.h"

struct pending_user {
	bool has_acknowledged;
};

struct pending_update {
	struct buf manifest; /* the exact bytes that were submitted */
	struct strmap users; /* name to struct pending_user: who can acknowledge it */
	uint64_t missing;    /* acknowledgments until it is applied */
};

/* One that nobody has acknowledged, by the users and the threshold of the present manifest. */
struct pending_update *pending_new(const struct manifest *current, struct bytes manifest);
struct pending_update *pending_copy(const struct pending_update *pending);
void pending_free(struct pending_update *pending);

/* While it is read from where it is stored; then sort. */
void pending_add_user(struct pending_update *pending, const char *name, bool has_acknowledged);
void pending_sort_users(struct pending_update *pending);

/* A second time has no effect. False if the user cannot. */
bool pending_acknowledge(struct pending_update *pending, const char *user);

/* Adds the names of those who have not acknowledged it, sorted. */
void pending_put_missing(const struct pending_update *pending, struct strmap *names);

DEFINE_AUTO_FREE(auto_pending, struct pending_update *, pending_free)

#endif
