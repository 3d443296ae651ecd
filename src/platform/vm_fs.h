/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM has at /sys/kernel/config: tsm/report, where mkdir makes a report and rmdir removes it,
 * as a FUSE file system.
 */
#ifndef PLATFORM_VM_FS_H
#define PLATFORM_VM_FS_H

#include "base/error.h"
#include "platform/vm_reports.h"

#include <sys/types.h>

/*
 * Starts a thread that serves the mounted FUSE descriptor until this process ends, which is to be
 * with _exit. Takes `device` and `reports` over. Everything belongs to uid and gid.
 */
bool vm_fs_serve(struct vm_reports *reports, int device, uid_t uid, gid_t gid, struct error *err);

#endif
