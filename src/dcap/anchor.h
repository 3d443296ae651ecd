/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root that is trusted (spec dcap.md clause 2.2): its key and name count, not the edition of
 * the certificate.
 */
#ifndef DCAP_ANCHOR_H
#define DCAP_ANCHOR_H

#include "dcap/certificate.h"

struct anchor {
	struct certificate root;
	bool is_simulated; /* has another key than Intel's */
};

/*
 * Intel's root if `file` is NULL, else the one certificate in that PEM file, which must be a root
 * that signed itself.
 */
bool anchor_open(const char *file, struct anchor *out, struct error *err);
void anchor_free(struct anchor *anchor);

/* The root at the end of a chain: issued by itself, with the anchor's key. ERROR_DENIED. */
bool anchor_check_root(
	const struct anchor *anchor, const struct certificate *root, struct error *err);

#endif
