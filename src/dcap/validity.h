/* SPDX-License-Identifier: Apache-2.0 */
/* From when to when a certificate, CRL or document holds, both ends included. */
#ifndef DCAP_VALIDITY_H
#define DCAP_VALIDITY_H

#include "base/error.h"

#include <stdint.h>

struct validity {
	int64_t start;
	int64_t end;
};

/* The time in which both hold; it ends before it starts where there is none. */
struct validity validity_common(struct validity a, struct validity b);

/*
 * ERROR_DENIED "<what> expired at DATE[: <remedy>]" or "<what> is not valid before DATE: …".
 * `remedy` may be NULL.
 */
bool validity_check(const struct validity *validity, int64_t now, const char *what,
	const char *remedy, struct error *err);

#endif
