/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is particular to quotes of TDX confidential VMs: the identity of the TDX module, and the TCB
 * of the platform and of the module together (spec dcap.md clause 6).
 */
#ifndef DCAP_TDX_H
#define DCAP_TDX_H

#include "dcap/json_field.h"
#include "dcap/tcb_levels.h"
#include "sgx/td_report.h"

/* One TDX module that Intel signed. */
struct tdx_module {
	uint8_t version; /* 0: the first generation, whose SVN is judged by the TCB levels alone */
	uint8_t mr_signer[TD_HASH_SIZE];
	uint64_t attributes;
	uint64_t attributes_mask;
	struct tcb_levels levels; /* svn is the module's; none of version 0 */
};

struct tdx_modules {
	struct tdx_module *modules; /* the first has version 0 */
	size_t count;
};

/* Reads "tdxModule" and "tdxModuleIdentities" of a TCB info. ERROR_INVALID names the member. */
bool tdx_modules_read(const struct json_node *document, struct tdx_modules *out, struct error *err);
void tdx_modules_free(struct tdx_modules *modules);

/*
 * The module that made this report; *level is where its SVN stands, NULL for version 0, which has
 * no levels. NULL with ERROR_DENIED if it is none of Intel's or below every level.
 */
const struct tdx_module *tdx_modules_find(const struct tdx_modules *modules,
	const struct td_report *report, const struct tcb_level **level, struct error *err);

/* The highest level that platform and module reach; NULL if there is none. */
const struct tcb_level *tdx_level_find(const struct tcb_levels *levels,
	const uint8_t components[TCB_COMPONENTS], uint16_t pce_svn, const struct td_report *report);

/* All that decides about the status of a confidential VM's platform. */
struct tdx_standing {
	const struct tcb_levels *levels;
	const struct tdx_modules *modules;
	const struct td_report *report;
	enum tcb_status sgx_status;           /* of the level that the platform reaches */
	enum tcb_status tdx_status;           /* of the level that platform and module reach */
	const struct tcb_level *module_level; /* NULL for version 0 */
	enum tcb_status qe_status;
};

/* The status of all together, the advice to launch the VM anew included. */
enum tcb_status tdx_converge(const struct tdx_standing *standing);

#endif
