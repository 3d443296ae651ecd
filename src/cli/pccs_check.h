/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the PCCS of the host's quote provider answers. */
#ifndef CLI_PCCS_CHECK_H
#define CLI_PCCS_CHECK_H

#include "cli/host_checks.h"

/* Reads /etc/sgx_default_qcnl.conf below `root` and asks the address that it names. */
void pccs_check_run(const char *root, struct host_check *check);

#endif
