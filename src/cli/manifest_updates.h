/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest as it is in force after package updates (spec cli.md clause 4, `manifest get -u`). */
#ifndef CLI_MANIFEST_UPDATES_H
#define CLI_MANIFEST_UPDATES_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Appends the manifest, indented by 4 spaces and without null and empty members, with the security
 * versions of the "SecurityVersion increased" lines of the log. ERROR_INVALID when one of them
 * names a package that the manifest does not have.
 */
bool manifest_updates_merge(
	struct bytes manifest, struct bytes log, struct buf *out, struct error *err);

#endif
