/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB info version 3 and the Quoting Enclave's identity version 2, for SGX or for TDX, signed (spec
 * dcap.md clauses 3.1, 3.2 and 5): compact JSON in the order of Intel's service.
 */
#ifndef PLATFORM_DOCUMENTS_H
#define PLATFORM_DOCUMENTS_H

#include "crypto/openssl.h"
#include "platform/extension.h"
#include "platform/platform.h"

/*
 * Append the whole body, `{"tcbInfo":…,"signature":"…"}` or
 * `{"enclaveIdentity":…,"signature":"…"}`. The levels are laid around what the machine is, so that
 * a verifier finds the status, and with it the advisories, of `options`; issued_at must be set
 * there.
 */
bool documents_put_tcb_info(struct buf *out, const struct pck_extension *machine, bool for_tdx,
	const struct platform_options *options, EVP_PKEY *signing_key, struct error *err);
bool documents_put_qe_identity(struct buf *out, const struct sgx_report_body *qe, bool for_tdx,
	const struct platform_options *options, EVP_PKEY *signing_key, struct error *err);

#endif
