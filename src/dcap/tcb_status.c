/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/tcb_status.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[TCB_UP_TO_DATE] = "UpToDate",
	[TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
	[TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
	[TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
	[TCB_OUT_OF_DATE] = "OutOfDate",
	[TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
	[TCB_REVOKED] = "Revoked",
	[TCB_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
	[TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
};

const char *tcb_status_name(enum tcb_status status)
{
	return names[status];
}

bool tcb_status_from_name(const char *name, enum tcb_status *status)
{
	for (size_t i = 0; i <= TCB_REVOKED; i++) {
		if (!strcmp(name, names[i])) {
			*status = (enum tcb_status)i;
			return true;
		}
	}
	return false;
}

static enum tcb_status with_outdated_qe(enum tcb_status platform)
{
	switch (platform) {
	case TCB_UP_TO_DATE:
	case TCB_SW_HARDENING_NEEDED:
		return TCB_OUT_OF_DATE;
	case TCB_CONFIGURATION_NEEDED:
	case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
		return TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
	default:
		return platform;
	}
}

enum tcb_status tcb_status_converge(enum tcb_status platform, enum tcb_status qe)
{
	if (qe == TCB_REVOKED)
		return TCB_REVOKED;
	return qe == TCB_UP_TO_DATE ? platform : with_outdated_qe(platform);
}
