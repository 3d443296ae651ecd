/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a confidential VM of Intel TDX needs so that Marbles in it get quotes (attest/tsm.h): the
 * driver, configfs, root, and a host that answers. `root` is as in host_checks.h.
 */
#ifndef CLI_VM_CHECKS_H
#define CLI_VM_CHECKS_H

#include "cli/host_checks.h"

#define VM_CHECKS 6

/* Whether this is such a VM, or its kernel issues reports of one. */
bool vm_checks_apply(const char *root);
void vm_checks_run(const char *root, struct host_check list[VM_CHECKS]);

#endif
