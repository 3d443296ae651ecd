/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that a Coordinator shows: its intermediate CA and its root (spec cli.md 3.2). */
#ifndef ATTEST_CA_PAIR_H
#define ATTEST_CA_PAIR_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cert.h"

struct ca_pair {
	X509 *intermediate;
	X509 *root;
};

/* The first two PEM blocks of `text`; ERROR_INVALID when they are no certificates. */
bool ca_pair_read(struct bytes text, struct ca_pair *certs, struct error *err);
void ca_pair_free(struct ca_pair *certs);

/*
 * ERROR_DENIED unless the root issued the intermediate as a CA: whoever answered could have put any
 * beside the root that a quote vouches for.
 */
bool ca_pair_check(const struct ca_pair *certs, struct error *err);

/* Appends both as PEM, the intermediate first. */
void ca_pair_put(const struct ca_pair *certs, struct buf *out);

#endif
