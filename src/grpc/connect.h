/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections to "host:port", tried at each of the host's addresses in turn. */
#ifndef GRPC_CONNECT_H
#define GRPC_CONNECT_H

#include "base/error.h"

struct grpc_address {
	char host[256]; /* name or IP, without brackets */
	char port[6];
	bool is_ip;
};

/* Reads "host:port", "[v6]:port" or ":port" (localhost). ERROR_INVALID otherwise. */
bool grpc_address_parse(const char *text, struct grpc_address *address, struct error *err);

/*
 * Returns a connected, non-blocking descriptor, or -1 with ERROR_UNAVAILABLE and what happened at
 * each address. `timeout` in milliseconds applies to each. "localhost" means the loopback addresses
 * whatever a resolver would say: inside an enclave there may be no /etc/hosts, and what stands in
 * it is the host's.
 */
int grpc_connect(const struct grpc_address *address, int timeout, struct error *err);

/* Waits for `events` of poll(2). ERROR_UNAVAILABLE after `timeout` milliseconds. */
bool grpc_wait(int fd, short events, int timeout, struct error *err);

#endif
