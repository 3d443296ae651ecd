/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate chains in PEM, as quotes and issuer chains carry them (spec dcap.md clauses 1.5 and 4
 * A, B). Certificates are told apart by their role, not by their place.
 */
#ifndef DCAP_CHAIN_H
#define DCAP_CHAIN_H

#include "dcap/anchor.h"

#define CHAIN_LENGTH_MAX 3

/* Immutable once it is read. */
struct chain {
	struct certificate certificates[CHAIN_LENGTH_MAX];
	size_t count;
};

/*
 * Reads one to three certificates; around them only white space, behind them at most one NUL.
 * ERROR_INVALID otherwise.
 */
bool chain_read(struct bytes pem, struct chain *out, struct error *err);
void chain_free(struct chain *chain);
/* The PCK CA among them, NULL if there is none. */
const struct certificate *chain_find_pck_ca(const struct chain *chain);
/* The first certificate with this role, NULL if there is none. */
const struct certificate *chain_find(const struct chain *chain, enum certificate_role role);

/*
 * A PCK chain: leaf, one of the two PCK CAs and root, three in all, signed from the anchor down.
 * *leaf and *ca point into the chain. Dates and revocation are not checked.
 */
bool chain_check_pck(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **leaf, const struct certificate **ca, struct error *err);

/* The same for a PCK CA alone and its root: what stands behind a PCK certificate. */
bool chain_check_pck_issuers(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **ca, struct error *err);

/* The same for the two certificates of a TCB signing chain. */
bool chain_check_signing(const struct chain *chain, const struct anchor *anchor,
	const struct certificate **signer, struct error *err);

#endif
