/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a FUSE file system on a device that is mounted already (namespace_make_fuse). */
#ifndef BASE_FUSE_SERVER_H
#define BASE_FUSE_SERVER_H

#include "base/error.h"

struct fuse_session;

/*
 * Serves in a thread of its own, which runs `loop` on the session; it ends with the process.
 * `session` may be NULL, as fuse_session_new returns on failure. ERROR_INTERNAL.
 */
bool fuse_server_start(
	struct fuse_session *session, int device, void *(*loop)(void *), struct error *err);

#endif
