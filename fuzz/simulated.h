/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated platform in fuzz/platform/, whose private keys everybody has: with them a target
 * signs what was changed, so that what stands behind a signature is fed as well. It was made by
 * `graphene-platform init` with the options that fuzz/platform/README.md names. What cannot be read
 * there ends the program. All that is returned lives as long as the program.
 */
#ifndef FUZZ_SIMULATED_H
#define FUZZ_SIMULATED_H

#include "base/buf.h"
#include "dcap/collateral_source.h"
#include "sgx/quote.h"

#define SIMULATED_NOW INT64_C(1767312000) /* 2026-01-02; certificates and collateral hold then */

/* Ends the program, with the message, unless the condition holds. */
void simulated_must(bool condition, const char *what);

const struct anchor *simulated_anchor(void);
/* PCK certificate, Platform CA and root. */
const struct chain *simulated_pck_chain(void);
/* fuzz/platform/collateral, for any number of verifiers: closing it does nothing. */
struct collateral_source *simulated_source(void);
/* A quote of an enclave, or of a confidential VM, that verifies. */
struct bytes simulated_quote(bool is_tdx);

/*
 * The rest append the input to `out` with its signatures made anew, by the keys of those who should
 * have signed; or as it is, if it has not the form to be signed.
 */

/* A certificate or a CRL in DER; `issuer` is one of the roles of CAs. */
void simulated_sign_der(struct bytes der, enum certificate_role issuer, struct buf *out);
/* Each certificate of a chain in PEM. */
void simulated_sign_chain(struct bytes pem, struct buf *out);
/* A signed document of this name. */
void simulated_sign_document(struct bytes text, const char *name, struct buf *out);
/* By the Quoting Enclave's attestation key, which becomes that of the quote. */
void simulated_sign_quote(const struct sgx_quote *quote, struct buf *out);
/* The report of the Quoting Enclave, bound to the quote's attestation key, by the PCK key. */
void simulated_sign_qe_report(const struct sgx_quote *quote, struct buf *out);

#endif
