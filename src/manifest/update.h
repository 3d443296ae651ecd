/* SPDX-License-Identifier: Apache-2.0 */
/* What a submitted update asks for (spec manifest.md clauses 8.1 and 8.2). */
#ifndef MANIFEST_UPDATE_H
#define MANIFEST_UPDATE_H

#include "manifest/manifest.h"

struct manifest_update {
	bool is_full;           /* it has more than Packages and Config, and replaces everything */
	struct strmap packages; /* name to struct package_properties */
};

/*
 * Decodes the text, and checks it by the rules for manifests if it is a full one: ERROR_INVALID
 * "unmarshaling manifest: …" or "invalid manifest: …". Free in either case.
 */
bool manifest_update_read(struct bytes text, struct manifest_update *update, struct error *err);
void manifest_update_free(struct manifest_update *update);

/*
 * Whether the packages may be updated so, given those of the manifest, all of which must have the
 * names. ERROR_INVALID "checking update manifest: …".
 */
bool manifest_update_check_packages(
	const struct strmap *packages, const struct strmap *current, struct error *err);

#endif
