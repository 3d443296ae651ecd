/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS to one host, on libcurl. The proxy variables of the environment count, redirects are not
 * followed, an answer has a limit.
 */
#ifndef CLIENT_HTTPS_H
#define CLIENT_HTTPS_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"

struct https;

/*
 * `host` is a name or address, usually with a port; ERROR_INVALID for a text that is none. Both
 * connect at the first request.
 *
 * Pinned: the server must have the key of `root`, show a certificate of that authority and no
 * other, and be called `host` in it. `root` is not used after the call.
 */
struct https *https_new_pinned(const char *host, X509 *root, struct error *err);
/* Anybody may answer: nothing that matters may be sent, nothing believed. */
struct https *https_new_unverified(const char *host, struct error *err);
/*
 * Shows the server this certificate (chain) from now on, both as PEM, or as objects. They are the
 * caller's, must live as long as the connection, and are tried at the next request.
 */
bool https_use_credentials(
	struct https *https, struct bytes certificate, struct bytes key, struct error *err);
bool https_use_key(struct https *https, X509 *certificate, EVP_PKEY *key, struct error *err);
void https_free(struct https *https);
/* For AUTO. */
void auto_https(struct https **https);

#define HTTPS_ANSWER_MAX (32U << 20)

struct https_answer {
	long status;
	struct buf body;
};

/*
 * GET, or POST when a body (JSON) is given: body.data is not NULL. `path` starts with a slash and
 * may have a query. Fails, with ERROR_UNAVAILABLE or ERROR_DENIED, when there is no answer,
 * whatever its status. Replaces *answer, whose body is to be freed.
 */
bool https_request(struct https *https, const char *path, struct bytes body,
	struct https_answer *answer, struct error *err);

/* "https://host/path", as the messages name it; the caller frees. */
char *https_url(const struct https *https, const char *path);

/* Appends a text as a query may hold it. */
void https_put_escaped(struct buf *out, const char *text);

#endif
