/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways through the proxies that the environment names for HTTPS, as curl(1) has it: https_proxy or
 * HTTPS_PROXY, else all_proxy or ALL_PROXY, "[http://][user:password@]host[:port]"; and in no_proxy
 * or NO_PROXY the hosts that are reached without, by their names, their domains, or "*". A proxy
 * sees where TLS goes, and nothing of what is in it.
 */
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include "base/buf.h"
#include "net/connect.h"

/*
 * As net_connect, by a proxy if the environment has one for this host. -1 with ERROR_INVALID for a
 * value that is no such address, ERROR_UNSUPPORTED for another kind of proxy, ERROR_UNAVAILABLE or
 * ERROR_INVALID if the proxy does not open a way, which the message then names.
 */
int net_connect_by_proxy(
	const struct net_address *address, const struct net_limits *limits, struct error *err);

/* Whether no_proxy, with this value, exempts the host. */
bool net_proxy_is_exempt(const char *no_proxy, const char *host);

/* A proxy as a variable names it. */
struct net_proxy {
	struct net_address address;
	struct buf credentials; /* "user:password" in base64; empty for none */
};

/* Free the result with net_proxy_free. Errors as above; they have nothing of a password in them. */
bool net_proxy_parse(const char *text, struct net_proxy *proxy, struct error *err);
void net_proxy_free(struct net_proxy *proxy);

/* The status in what a proxy answers, up to 999; 0 for what is no answer of HTTP/1. */
unsigned net_proxy_status(struct bytes head);

#endif
