/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of HTTPS services, "https://host[:port]/path[?query]", as configurations have them. */
#ifndef NET_URL_H
#define NET_URL_H

#include "base/buf.h"
#include "net/connect.h"

#define NET_URL_MAX 2048

struct net_url {
	struct net_address address;
	char authority[300]; /* "host[:port]" as it was written, for the Host header */
	const char *target;  /* path and query, in the parsed text; "" stands for "/" */
};

/* ERROR_INVALID for every other scheme, a user, a fragment, or characters that URLs do not have. */
bool net_url_parse(const char *text, struct net_url *url, struct error *err);

/* Appends text so that it can be the value of a query parameter. */
void net_url_put_escaped(struct buf *out, const char *text);
/*
 * Appends text with its %XX decoded; '+' stays '+' (spec dcap.md clause 3.4). False for an escape
 * that is cut, or of a NUL.
 */
bool net_url_put_decoded(struct buf *out, struct bytes text);

#endif
