/* SPDX-License-Identifier: Apache-2.0 */
/* TCP connections to "host:port", tried at each of the host's addresses in turn. */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include "base/error.h"

#include <stdint.h>

struct net_address {
	char host[256]; /* name or IP, without brackets */
	char port[6];
	bool is_ip;
};

/* Reads "host:port", "[v6]:port" or ":port" (localhost). ERROR_INVALID otherwise. */
bool net_address_parse(const char *text, struct net_address *address, struct error *err);

/* How long a peer is waited for. */
struct net_limits {
	int silence;        /* milliseconds without any sign of it */
	int64_t deadline;   /* clock_steady() at which everything must be over; 0 for none */
	const int *give_up; /* descriptor, readable when waiting is in vain; NULL for none */
};

/*
 * Returns a connected, non-blocking descriptor, or -1 with ERROR_UNAVAILABLE and what happened at
 * each address. The limit on silence applies to each. "localhost" means the loopback addresses
 * whatever a resolver would say: inside an enclave there may be no /etc/hosts, and what stands in
 * it is the host's.
 */
int net_connect(
	const struct net_address *address, const struct net_limits *limits, struct error *err);

/* Waits for `events` of poll(2); ERROR_UNAVAILABLE when a limit is reached. */
bool net_wait(int fd, short events, const struct net_limits *limits, struct error *err);
/* Waits before another attempt; at once false when the limits leave no room for one. */
bool net_pause(int milliseconds, const struct net_limits *limits);

#endif
