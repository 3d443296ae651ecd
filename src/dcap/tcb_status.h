/* SPDX-License-Identifier: Apache-2.0 */
/* The TCB statuses of spec dcap.md clause 4.1 and how two of them converge (clause 4 H). */
#ifndef DCAP_TCB_STATUS_H
#define DCAP_TCB_STATUS_H

#include <stdbool.h>

enum tcb_status {
	TCB_UP_TO_DATE,
	TCB_SW_HARDENING_NEEDED,
	TCB_CONFIGURATION_NEEDED,
	TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	TCB_OUT_OF_DATE,
	TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
	TCB_REVOKED,
	/* of confidential VMs alone; never in a document */
	TCB_TD_RELAUNCH_ADVISED,
	TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
	TCB_STATUSES, /* how many there are */
};

/* "UpToDate", "SWHardeningNeeded", … */
const char *tcb_status_name(enum tcb_status status);
/* The seven that documents have. Case-sensitive; false for any other text. */
bool tcb_status_from_name(const char *name, enum tcb_status *status);
/* What is to be reported for a platform level and a Quoting Enclave level together. */
enum tcb_status tcb_status_converge(enum tcb_status platform, enum tcb_status qe);

#endif
