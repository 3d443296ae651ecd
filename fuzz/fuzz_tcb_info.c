/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/tcb_info.h"

#include <stdlib.h>

/* What a machine in the middle of the levels of the seeds finds in it. */
static void find_levels(const struct tcb_info *info)
{
	static const uint8_t components[TCB_COMPONENTS] = { 12, 12, 3, 3, 255, 255, 1 };
	const struct tcb_level *level = tcb_levels_find(&info->levels, components, 12);
	if (level && !tcb_level_reached(level, components, 12))
		abort();
}

static void find_module(const struct tcb_info *info, uint8_t version)
{
	static const uint8_t components[TCB_COMPONENTS] = { 14, 14, 3, 3, 255, 255, 1 };
	/* started on an old module, and another has been loaded since then */
	const struct td_report report = {
		.tee_tcb_svn = { 3, version, 14 },
		.is_1_5 = true,
		.tee_tcb_svn_2 = { 5, version, 14 },
	};
	const struct tcb_level *module_level;
	if (!tdx_modules_find(&info->modules, &report, &module_level, FUZZ_ERR))
		return;
	const struct tcb_level *sgx = tcb_levels_find(&info->levels, components, 13);
	const struct tcb_level *tdx = tdx_level_find(&info->levels, components, 13, &report);
	if (!tdx)
		return;
	/* what reaches a level for TDX reaches one for SGX, which asks for less */
	if (!sgx)
		abort();
	const struct tdx_standing standing = {
		.levels = &info->levels,
		.modules = &info->modules,
		.report = &report,
		.sgx_status = sgx->status,
		.tdx_status = tdx->status,
		.module_level = module_level,
		.qe_status = TCB_UP_TO_DATE,
	};
	if (tdx_converge(&standing) >= TCB_STATUSES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcb_info info;
	if (!tcb_info_parse((struct bytes){ data, size }, &info, FUZZ_ERR))
		return 0;
	find_levels(&info);
	for (uint8_t version = 0; info.is_tdx && version < 2; version++)
		find_module(&info, version);
	tcb_info_free(&info);
	return 0;
}
