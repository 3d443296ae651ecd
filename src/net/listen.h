/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets for one address, one per event loop. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "base/error.h"

#include <stddef.h>

/*
 * Opens `count` sockets on "HOST:PORT"; an empty host is every interface, port 0 one free port for
 * all of them. `bound` gets the address as it became, at least 64 bytes. The caller closes.
 */
bool listen_on(const char *address, int *listeners, size_t count, char *bound, size_t bound_size,
	struct error *err);

#endif
