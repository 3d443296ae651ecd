/* SPDX-License-Identifier: Apache-2.0 */
/* The 16-byte Open Enclave header around a quote (spec dcap.md clause 1.1, marble-api.md 4.1). */
#ifndef ATTEST_REPORT_HEADER_H
#define ATTEST_REPORT_HEADER_H

#include "base/buf.h"
#include "base/error.h"

#define REPORT_HEADER_SIZE 16

/* Appends header and quote. */
void report_header_put(struct buf *out, struct bytes quote);

/* The quote inside `report`, which must have the header, type 2 and exact length. */
bool report_header_strip(struct bytes report, struct bytes *quote, struct error *err);

/* As report_header_strip, but takes a bare quote as well, decided by the first four bytes. */
bool report_header_strip_if_any(struct bytes report, struct bytes *quote, struct error *err);

#endif
