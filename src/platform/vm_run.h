/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command as if in a confidential VM: in a mount namespace of its own (for users who may not
 * make one, in a user namespace, too), where /sys/kernel/config is that of vm_fs.h. All else is the
 * host's.
 */
#ifndef PLATFORM_VM_RUN_H
#define PLATFORM_VM_RUN_H

#include "platform/vm_reports.h"

#define VM_EXIT_NO_START  126 /* the command cannot be started */
#define VM_EXIT_NOT_FOUND 127

/*
 * Returns when the command has ended, and sets the status to end with: the command's, 128 + N if
 * signal N ended it, or one of the above after a message on stderr. Signals are passed on. The
 * process is to end with _exit then, as a thread still serves. `command` is as execvp takes it. To
 * be called while there is one thread.
 */
bool vm_run(const struct vm_kernel *kernel, char *const *command, int *status, struct error *err);

#endif
