/* SPDX-License-Identifier: Apache-2.0 */
/* TCB info of platforms: of SGX, versions 2 and 3; of TDX, version 3 (spec dcap.md clause 3.1). */
#ifndef DCAP_TCB_INFO_H
#define DCAP_TCB_INFO_H

#include "base/buf.h"
#include "dcap/tcb_levels.h"
#include "dcap/tdx.h"
#include "dcap/validity.h"

/* Immutable once it is parsed. */
struct tcb_info {
	bool is_tdx;
	struct validity validity;
	uint32_t evaluation_number;
	uint8_t fmspc[PCK_FMSPC_SIZE];
	uint8_t pce_id[PCK_PCE_ID_SIZE];
	struct tcb_levels levels;   /* svn is the PCESVN */
	struct tdx_modules modules; /* none unless is_tdx */
};

/*
 * Parses the body of the document, whose signature is the caller's to check. ERROR_INVALID names
 * the member; ERROR_UNSUPPORTED for other versions and technologies.
 */
bool tcb_info_parse(struct bytes body, struct tcb_info *out, struct error *err);
void tcb_info_free(struct tcb_info *info);

#endif
