/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of updates behind change_submit. */
#ifndef COORDINATOR_CHANGE_UPDATE_H
#define COORDINATOR_CHANGE_UPDATE_H

#include "coordinator/change.h"
#include "manifest/update.h"

bool change_packages(const struct deployment *from, const struct change *change,
	const struct strmap *packages, struct deployment **next, struct error *err);

/*
 * The deployment under another manifest: what stays, what is made anew and what goes is in the
 * table of clause 8.3. Nothing is pending any more in it.
 */
struct deployment *change_apply(const struct deployment *from, struct bytes manifest_text,
	struct change *change, struct error *err);

#endif
