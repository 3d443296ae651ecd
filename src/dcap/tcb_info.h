/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info of SGX platforms, versions 2 and 3 (spec dcap.md clause 3.1). */
#ifndef DCAP_TCB_INFO_H
#define DCAP_TCB_INFO_H

#include "base/buf.h"
#include "dcap/tcb_levels.h"
#include "dcap/validity.h"

/* Immutable once it is parsed. */
struct tcb_info {
	struct validity validity;
	uint32_t evaluation_number;
	uint8_t fmspc[PCK_FMSPC_SIZE];
	uint8_t pce_id[PCK_PCE_ID_SIZE];
	struct tcb_levels levels; /* svn is the PCESVN */
};

/*
 * Parses the body of the document, whose signature is the caller's to check. ERROR_INVALID names
 * the member; ERROR_UNSUPPORTED for other versions and for TDX.
 */
bool tcb_info_parse(struct bytes body, struct tcb_info *out, struct error *err);
void tcb_info_free(struct tcb_info *info);

#endif
