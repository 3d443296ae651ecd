/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signs the quotes of one platform: its Quoting Enclave's attestation key, the report that
 * binds the key to that enclave, and the PCK chain that vouches for the report (spec dcap.md
 * clauses 4 B and 4 E). This is the part that all quotes of a platform share, and it depends on no
 * time.
 */
#ifndef DCAP_QUOTE_SIGNER_H
#define DCAP_QUOTE_SIGNER_H

#include "dcap/chain.h"
#include "dcap/pck_extension.h"
#include "dcap/step.h"
#include "sgx/quote.h"

#include <stdatomic.h>

/* Immutable but for its reference count. */
struct quote_signer {
	atomic_int references;
	struct chain chain;
	const struct certificate *pck; /* in the chain */
	const struct certificate *pck_ca;
	struct pck_extension platform;
	struct p256_key *attestation_key;
};

/*
 * Verifies chain (the PCK chain in PEM, from the quote or found for it), QE report and attestation
 * key; *step tells which of them failed. NULL with ERROR_INVALID or ERROR_DENIED. The caller owns
 * one reference.
 */
struct quote_signer *quote_signer_new(const struct sgx_quote *quote, struct bytes chain,
	const struct anchor *anchor, enum dcap_step *step, struct error *err);
struct quote_signer *quote_signer_keep(struct quote_signer *signer);
void quote_signer_release(struct quote_signer *signer);
DEFINE_AUTO_FREE(auto_quote_signer, struct quote_signer *, quote_signer_release)

/* PCK certificate, CA and anchor are of this time (clause 4 B 7). ERROR_DENIED. */
bool quote_signer_check_dates(const struct quote_signer *signer, const struct anchor *anchor,
	int64_t now, struct error *err);

#endif
