/* SPDX-License-Identifier: Apache-2.0 */
/* What this build was made of. */
#ifndef COORDINATOR_BUILD_INFO_H
#define COORDINATOR_BUILD_INFO_H

extern const char build_commit[]; /* hash of Git, "unknown" outside of a repository */

#endif
