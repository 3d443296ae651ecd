/* SPDX-License-Identifier: Apache-2.0 */
/* Where verifiers get collateral from: a folder, or what others make of this interface. */
#ifndef DCAP_COLLATERAL_SOURCE_H
#define DCAP_COLLATERAL_SOURCE_H

#include "dcap/collateral.h"
#include "sgx/pck_name.h"

/* Everything in it lives as long as the source is asked; the anchor as long as the source. */
struct collateral_request {
	const uint8_t *fmspc; /* PCK_FMSPC_SIZE bytes */
	bool is_tdx;
	const struct certificate *pck_ca; /* who issued the platform's PCK certificate */
	const struct anchor *anchor;
	int64_t now;
	bool is_hurried; /* ERROR_WOULD_WAIT rather than wait for a peer */
};

/*
 * The part of a PCK certificate chain that a quote lacks: all of it, or what vouches for the
 * certificate. The rest as above.
 */
struct pck_request {
	const struct sgx_pck_name *name; /* who needs a certificate; NULL where it is there */
	const uint8_t *qe_id;            /* SGX_QE_ID_SIZE bytes: the same platform otherwise */
	enum certificate_role ca;        /* without a name: who issued the certificate */
	const uint8_t *fmspc;            /* without a name: PCK_FMSPC_SIZE bytes */
	const struct anchor *anchor;
	int64_t now;
	bool is_hurried;
};

/* May be asked by any number of threads at once. */
struct collateral_source {
	/*
	 * A verified set that the caller releases. Whether it is of this time and for this platform
	 * is still to be checked. NULL with ERROR_NOT_FOUND if there is none, ERROR_UNAVAILABLE if
	 * nobody can tell, else what collateral_new says.
	 */
	struct collateral *(*get)(struct collateral_source *source,
		const struct collateral_request *request, struct error *err);
	/*
	 * Appends certificates in PEM, which are still to be verified like any chain in a quote.
	 * Errors as above; ERROR_UNSUPPORTED if the source cannot know by this name.
	 */
	bool (*put_pck)(struct collateral_source *source, const struct pck_request *request,
		struct buf *pem, struct error *err);
	/* When nobody asks any more. */
	void (*close)(struct collateral_source *source);
};

/* The source that collateral_folder.h describes. NULL if `path` is no folder. */
struct collateral_source *collateral_source_of_folder(
	const char *path, const struct anchor *anchor, unsigned look_again, struct error *err);

#endif
