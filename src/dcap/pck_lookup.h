/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCK certificate chain of a quote that does not bring it along: of certification data that
 * name the platform (types 1 to 3) or hold the PCK certificate alone (type 4; spec dcap.md clause
 * 1.5). What is found is verified like a chain in a quote, and must fit the name.
 */
#ifndef DCAP_PCK_LOOKUP_H
#define DCAP_PCK_LOOKUP_H

#include "dcap/collateral_source.h"
#include "sgx/quote.h"

#define PCK_CHAIN_MAX 65536 /* bytes of PEM that a source may give */

/*
 * Appends the chain of the quote in PEM, unverified: its own, or with the help of `source`. Of
 * `asker` anchor, now and is_hurried are used. ERROR_UNSUPPORTED for data of other types, ERROR_
 * INVALID for data that are malformed, else what the source says.
 */
bool pck_lookup(const struct sgx_quote *quote, struct collateral_source *source,
	const struct pck_request *asker, struct buf *pem, struct error *err);

/* Certification data of type 4: one PCK certificate, in PEM or DER. ERROR_INVALID. */
bool pck_lookup_read_leaf(struct bytes data, struct certificate *out, struct error *err);

/* What the quote says of its platform is what the PCK certificate says. ERROR_DENIED. */
bool pck_lookup_check(
	const struct sgx_quote *quote, const struct pck_extension *platform, struct error *err);

/*
 * For sources: the answer to a request, of which nothing was believed so far, leads to the anchor,
 * is of its time and fits the name. *end is when it expires.
 */
bool pck_answer_check(
	const struct pck_request *request, struct bytes pem, int64_t *end, struct error *err);

#endif
