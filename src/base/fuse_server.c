/* SPDX-License-Identifier: Apache-2.0 */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)

#include "base/fuse_server.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>

bool fuse_server_start(
	struct fuse_session *session, int device, void *(*loop)(void *), struct error *err)
{
	AUTO(auto_free) char *mountpoint = xasprintf("/dev/fd/%d", device);
	pthread_t thread;
	if (!session || fuse_session_mount(session, mountpoint))
		return error_set(err, ERROR_INTERNAL, "cannot start the FUSE session");
	errno = pthread_create(&thread, NULL, loop, session);
	if (errno)
		return error_errno(err, "cannot start a thread");
	pthread_detach(thread);
	return true;
}
