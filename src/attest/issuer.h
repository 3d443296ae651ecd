/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes from the pseudo files of Graphene and Gramine (spec graphene-attestation.md clauses 2 to
 * 5, premain.md clause 3): one write of 64 bytes of report data, then the quote is read.
 */
#ifndef ATTEST_ISSUER_H
#define ATTEST_ISSUER_H

#include "base/buf.h"
#include "base/error.h"
#include "sgx/report.h"

#define ATTESTATION_FOLDER "/dev/attestation"

/* True if the folder looks like Graphene's: user_report_data is there. */
bool issuer_is_present(const char *folder);

/*
 * Appends a bare quote over report_data. ERROR_UNAVAILABLE, with the likely reason and remedy, when
 * there is no attestation here (files missing or refused).
 */
bool issuer_get_quote(const char *folder, const uint8_t report_data[SGX_REPORT_DATA_SIZE],
	struct buf *quote, struct error *err);

/*
 * Appends the 16-byte seal key `name` ("_sgx_mrenclave" or "_sgx_mrsigner"). ERROR_UNAVAILABLE when
 * this runtime has none.
 */
bool issuer_get_seal_key(const char *folder, const char *name, struct buf *key, struct error *err);

#endif
