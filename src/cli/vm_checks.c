/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vm_checks.h"

#include "attest/tsm.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <string.h>
#include <unistd.h>

#define FLAG       "tdx_guest"
#define DEVICE     "/dev/tdx_guest"
#define MOUNTS_MAX (1U << 20)

bool vm_checks_apply(const char *root)
{
	return host_has_flag(root, FLAG) || host_has_file(root, TSM_REPORT_FOLDER);
}

static void check_machine(const char *root, struct host_check *check)
{
	check->name = "this is a confidential VM";
	host_check_set(
		check, HOST_GOOD, host_has_flag(root, FLAG) ? "flag " FLAG : TSM_REPORT_FOLDER, "");
}

static void check_driver(const char *root, struct host_check *check)
{
	check->name = "the kernel has the driver of TDX guests";
	if (host_has_file(root, DEVICE))
		host_check_set(check, HOST_GOOD, DEVICE, "");
	else if (host_has_file(root, TSM_REPORT_FOLDER))
		host_check_set(check, HOST_GOOD, TSM_REPORT_FOLDER, "");
	else
		host_check_set(check, HOST_BAD, "neither " DEVICE " nor " TSM_REPORT_FOLDER,
			"sudo modprobe tdx_guest, on Linux 6.7 or later (uname -r)");
}

/* Whether a line of /proc/mounts has it as the kind of file system. */
static bool is_configfs_mounted(const char *root)
{
	AUTO(auto_free) char *path = xasprintf("%s/proc/mounts", root);
	AUTO(buf_free) struct buf mounts = { 0 };
	return file_read(path, MOUNTS_MAX, &mounts, NULL) &&
	       strstr(buf_text(&mounts), " configfs ");
}

static void check_configfs(const char *root, struct host_check *check)
{
	check->name = "configfs is mounted";
	if (host_has_file(root, TSM_REPORT_FOLDER))
		host_check_set(check, HOST_GOOD, TSM_REPORT_FOLDER, "");
	else if (!is_configfs_mounted(root))
		host_check_set(check, HOST_BAD, "/proc/mounts has no configfs",
			"sudo mount -t configfs none /sys/kernel/config");
	else
		host_check_set(check, HOST_BAD, TSM_REPORT_FOLDER " is not there",
			"boot Linux 6.7 or later (uname -r), and sudo modprobe tdx_guest; in a "
			"container: docker run -v /sys/kernel/config:/sys/kernel/config");
}

static void check_user(const char *root, struct host_check *check)
{
	AUTO(auto_free) char *folder = xasprintf("%s" TSM_REPORT_FOLDER, root);
	check->name = "this user may ask the kernel for reports";
	if (geteuid() == 0)
		host_check_set(check, HOST_GOOD, "root", "");
	else if (access(folder, W_OK) == 0)
		host_check_set(check, HOST_GOOD, "it may write " TSM_REPORT_FOLDER, "");
	else
		host_check_set(check, HOST_BAD, "only root may",
			"start this (sudo marblerun precheck), and Marbles, as root");
}

static void check_quoting(
	const char *root, const struct host_check *needed, size_t count, struct host_check *check)
{
	static const uint8_t report_data[TD_REPORT_DATA_SIZE] = { 0 };
	AUTO(auto_free) char *folder = xasprintf("%s" TSM_REPORT_FOLDER, root);
	AUTO(buf_free) struct buf quote = { 0 };
	struct error err = { 0 };
	check->name = "the VM gets quotes";
	for (size_t i = 0; i < count; i++) {
		if (needed[i].outcome == HOST_BAD) {
			host_check_set(check, HOST_SKIPPED, "it cannot ask for them", "");
			return;
		}
	}
	if (tsm_get_quote(folder, report_data, &quote, &err))
		host_check_set(check, HOST_GOOD, "the host's service made one", "");
	else
		host_check_set(check, HOST_BAD, err.message,
			"in the VM: sudo dmesg | grep -i tdx; on its host: systemctl status qgsd");
}

static void skip_pccs(struct host_check *check)
{
	check->name = "the PCCS answers";
	host_check_set(check, HOST_SKIPPED, "the VM's host asks it", "");
}

void vm_checks_run(const char *root, struct host_check list[VM_CHECKS])
{
	check_machine(root, &list[0]);
	check_driver(root, &list[1]);
	check_configfs(root, &list[2]);
	check_user(root, &list[3]);
	check_quoting(root, list, 4, &list[4]);
	skip_pccs(&list[5]);
}
