/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What users change about a deployment (spec manifest.md clauses 6.5 and 8). Each function makes,
 * of the deployment as it is, the one that shall be; core_change seals and publishes it.
 */
#ifndef COORDINATOR_CHANGE_H
#define COORDINATOR_CHANGE_H

#include "coordinator/deployment.h"

struct change {
	const struct manifest_user *user; /* of the deployment that is changed */
	struct bytes text;                /* the manifest, or the JSON of the secrets */
	unsigned curve_bits;              /* of keys that are made */
	int64_t now;

	/* What became of it. */
	bool is_of_packages;            /* rather than of the whole manifest */
	uint64_t missing;               /* acknowledgments until it is applied */
	struct strmap missing_users;    /* names of those who can give them */
	struct strmap recovery_secrets; /* of new recovery keys: name to struct buf */
};

void change_free(struct change *change);

/* Tells the operator that an update is in force, unless acknowledgments are missing. */
void change_log_update(const struct change *change);

/*
 * True with *next when it can be done. False with an error when not; *next is set then as well when
 * something changes all the same: an update that was acknowledged by all, but cannot be applied, is
 * not pending any more.
 */
typedef bool change_function(const struct deployment *from, struct change *change,
	struct deployment **next, struct error *err);

/* Clauses 8.2 and 8.3: a package update is made at once, a full one may have to wait. */
change_function change_submit;
/* ERROR_NOT_FOUND when no update is pending. */
change_function change_acknowledge;
change_function change_cancel;
/* Clause 6.5. */
change_function change_secrets;

#endif
