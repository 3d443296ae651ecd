/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel publishes about a platform, verified (spec dcap.md clauses 3 and 4 C, D): everything
 * that depends neither on the time nor on one quote is checked once, when a set is made.
 */
#ifndef DCAP_COLLATERAL_H
#define DCAP_COLLATERAL_H

#include "dcap/chain.h"
#include "dcap/crl.h"
#include "dcap/enclave_identity.h"
#include "dcap/tcb_info.h"

#include <stdatomic.h>

enum collateral_file {
	COLLATERAL_TCB_INFO,
	COLLATERAL_TCB_INFO_CHAIN,
	COLLATERAL_QE_IDENTITY,
	COLLATERAL_QE_IDENTITY_CHAIN,
	COLLATERAL_PCK_CRL,
	COLLATERAL_ROOT_CRL,
};

#define COLLATERAL_FILES 6

/* Immutable but for its reference count. */
struct collateral {
	atomic_int references;
	char *folder; /* where it came from, for messages: a folder or a service */
	char *remedy; /* what to do when a part of it has expired */
	uint8_t pck_ca_point[P256_RAW_SIZE]; /* key by which the PCK CRL was verified */
	struct crl root_crl;
	struct crl pck_crl;
	struct chain tcb_info_chain;
	struct chain qe_identity_chain; /* empty when it is the same as the other */
	const struct certificate *tcb_info_signer;
	const struct certificate *qe_identity_signer;
	struct tcb_info tcb_info;
	struct enclave_identity qe_identity;
};

/*
 * Parses the contents and verifies all signatures: of the CRLs by the anchor and by the PCK CA of
 * the quote, of the documents through their issuer chains. `remedy` may be NULL. NULL with an error
 * that names the part. The caller owns one reference.
 */
struct collateral *collateral_new(const char *folder, const char *remedy,
	const struct buf files[COLLATERAL_FILES], const struct anchor *anchor,
	const struct certificate *pck_ca, struct error *err);
struct collateral *collateral_keep(struct collateral *collateral);
void collateral_release(struct collateral *collateral);
DEFINE_AUTO_FREE(auto_collateral, struct collateral *, collateral_release)

/*
 * What is checked at every use, ERROR_DENIED if it fails. CRLs (clause 4 C): they are of this time,
 * and neither certificate is on them.
 */
bool collateral_check_crls(const struct collateral *collateral, const struct certificate *pck,
	const struct certificate *pck_ca, int64_t now, struct error *err);
/*
 * Documents (clause 4 D): of this time, signer not revoked, made for this platform and for this
 * technology.
 */
bool collateral_check_documents(const struct collateral *collateral,
	const struct pck_extension *platform, bool is_tdx, int64_t now, struct error *err);

/*
 * What can be said of a set by itself: all of its parts are of this time, and the root's CRL does
 * not list who signed the documents. ERROR_DENIED.
 */
bool collateral_check_dates(const struct collateral *collateral, int64_t now, struct error *err);

/* When all of its parts hold (clause 4.2, rule 4): latest start, earliest end. */
struct validity collateral_validity(const struct collateral *collateral);

/* The part of the set that is older than that of another set; NULL if none is. */
const char *collateral_find_older_part(
	const struct collateral *collateral, const struct collateral *than);

#endif
