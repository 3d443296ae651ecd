/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS requests that only ask: one GET on a connection of its own. It waits for the answer, so it
 * is for threads that may wait. Redirects are not followed.
 */
#ifndef NET_GET_H
#define NET_GET_H

#include "crypto/openssl.h"
#include "net/answer.h"
#include "net/connect.h"

/*
 * TLS as a client. The server has to prove who it is to the system's authorities, or to those in
 * the PEM file `ca_file` alone; unless `is_secure` is false, which takes anybody. NULL on error.
 */
SSL_CTX *net_get_tls(bool is_secure, const char *ca_file, struct error *err);

struct net_get {
	SSL_CTX *tls;
	bool is_secure; /* the server's name has to be right, too */
	bool by_proxy;  /* that the environment names, see proxy.h */
	size_t body_max;
	struct net_limits limits;
};

/*
 * The answer, whatever its status. ERROR_UNAVAILABLE when there is none, ERROR_DENIED when the
 * server is not who it should be, ERROR_INVALID for a wrong URL or an answer that is no good.
 */
bool net_get(
	const struct net_get *get, const char *url, struct net_answer *answer, struct error *err);

#endif
