/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host_checks.h"

#include "attest/aesm.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/pccs_check.h"
#include "cli/vm_checks.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (4U << 20)

void host_check_set(
	struct host_check *check, enum host_outcome outcome, const char *detail, const char *repair)
{
	check->outcome = outcome;
	buf_clear(&check->detail);
	buf_clear(&check->repair);
	buf_put_text(&check->detail, detail);
	buf_put_text(&check->repair, repair);
}

static char *path_in(const char *root, const char *path)
{
	return xasprintf("%s%s", root, path);
}

bool host_has_file(const char *root, const char *path)
{
	AUTO(auto_free) char *full = path_in(root, path);
	return access(full, F_OK) == 0;
}

/* Whether the word is one of a line that starts with "flags". */
static bool is_flag(const char *cpuinfo, const char *flag)
{
	size_t length = strlen(flag);
	const char *line = strstr(cpuinfo, "flags");
	const char *end = line ? strchrnul(line, '\n') : NULL;
	for (const char *word = line; word && word < end; word += strcspn(word, " \t\n")) {
		word += strspn(word, " \t");
		if (strcspn(word, " \t\n") == length && !strncmp(word, flag, length))
			return true;
	}
	return false;
}

static bool read_cpuinfo(const char *root, struct buf *text, struct error *err)
{
	AUTO(auto_free) char *path = path_in(root, "/proc/cpuinfo");
	return file_read(path, FILE_MAX, text, err);
}

bool host_has_flag(const char *root, const char *flag)
{
	AUTO(buf_free) struct buf text = { 0 };
	return read_cpuinfo(root, &text, NULL) && is_flag(buf_text(&text), flag);
}

static void check_processor(const char *root, struct host_check *check)
{
	AUTO(buf_free) struct buf text = { 0 };
	struct error err = { 0 };
	check->name = "the processor has SGX with flexible launch control";
	if (!read_cpuinfo(root, &text, &err)) {
		host_check_set(check, HOST_BAD, err.message, "mount /proc");
		return;
	}
	const char *cpuinfo = buf_text(&text);
	if (is_flag(cpuinfo, "sgx") && is_flag(cpuinfo, "sgx_lc"))
		host_check_set(check, HOST_GOOD, "flags sgx and sgx_lc", "");
	else if (is_flag(cpuinfo, "sgx"))
		host_check_set(check, HOST_BAD, "flag sgx without sgx_lc",
			"set \"SGX Launch Control\" to unlocked in the firmware; processors without "
			"it cannot make DCAP quotes");
	else if (is_flag(cpuinfo, "hypervisor"))
		host_check_set(check, HOST_BAD, "no flag sgx, in a virtual machine",
			"choose a kind of virtual machine with SGX (Azure DCsv3, Alibaba g7t); with "
			"QEMU: -cpu host,+sgx -object memory-backend-epc,...");
	else
		host_check_set(check, HOST_BAD, "no flag sgx",
			"set \"Software Guard Extensions (SGX)\" to enabled in the firmware and boot "
			"Linux 5.11 or later (uname -r); without SGX: graphene-sim");
}

/* The node of the enclave driver, of whichever generation; NULL if there is none. */
static const char *find_driver(const char *root)
{
	static const char *const nodes[] = { "/dev/sgx_enclave", "/dev/sgx/enclave" };
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (host_has_file(root, nodes[i]))
			return nodes[i];
	}
	return NULL;
}

static void check_driver(const char *root, struct host_check *check)
{
	const char *node = find_driver(root);
	check->name = "the kernel has the SGX driver";
	if (node)
		host_check_set(check, HOST_GOOD, node, "");
	else if (host_has_file(root, "/dev/isgx"))
		host_check_set(check, HOST_BAD, "/dev/isgx, the old driver for EPID",
			"remove it (sudo modprobe -r isgx) and boot Linux 5.11 or later, which has "
			"the driver for DCAP");
	else
		host_check_set(check, HOST_BAD, "neither /dev/sgx_enclave nor /dev/sgx/enclave",
			"boot Linux 5.11 or later with CONFIG_X86_SGX (dmesg | grep -i sgx tells why "
			"it is off); in a container: docker run --device /dev/sgx_enclave --device "
			"/dev/sgx_provision");
}

static void check_node(
	const char *root, const char *node, const char *group, struct host_check *check)
{
	AUTO(auto_free) char *path = path_in(root, node);
	AUTO(buf_free) struct buf detail = { 0 };
	AUTO(buf_free) struct buf repair = { 0 };
	buf_put_text(&detail, node);
	if (access(path, R_OK | W_OK) == 0) {
		host_check_set(check, HOST_GOOD, node, "");
		return;
	}
	buf_printf(&detail, ": %m");
	if (errno == ENOENT)
		buf_printf(&repair, "sudo udevadm trigger, or boot a kernel that has it");
	else
		buf_printf(&repair, "sudo usermod -aG %s $USER, then log in anew", group);
	host_check_set(check, HOST_BAD, buf_text(&detail), buf_text(&repair));
}

static void check_enclave_node(const char *root, struct host_check *check)
{
	const char *node = find_driver(root);
	check->name = "this user may start enclaves";
	if (node)
		check_node(root, node, "sgx", check);
	else
		host_check_set(check, HOST_SKIPPED, "there is no driver", "");
}

static void check_service(const char *root, struct host_check *check)
{
	AUTO(auto_free) char *path = path_in(root, AESM_SOCKET);
	struct stat info;
	check->name = "the quoting service (aesmd) runs";
	if (stat(path, &info) == 0 && S_ISSOCK(info.st_mode))
		host_check_set(check, HOST_GOOD, AESM_SOCKET, "");
	else
		host_check_set(check, HOST_BAD, AESM_SOCKET " is not there",
			"sudo apt-get install sgx-aesm-service libsgx-aesm-quote-ex-plugin "
			"libsgx-aesm-ecdsa-plugin && sudo systemctl enable --now aesmd; in a "
			"container: docker run -v /var/run/aesmd:/var/run/aesmd");
}

static void check_quoting(
	const char *root, const struct host_check *service, struct host_check *check)
{
	AUTO(auto_free) char *path = path_in(root, AESM_SOCKET);
	AUTO(buf_free) struct buf detail = { 0 };
	struct error err = { 0 };
	uint32_t number;
	check->name = "the quoting service makes DCAP quotes";
	if (service->outcome != HOST_GOOD) {
		host_check_set(check, HOST_SKIPPED, "there is no service", "");
	} else if (!aesm_try_quoting(path, &number, &err)) {
		host_check_set(check, HOST_BAD, err.message,
			"sudo systemctl restart aesmd; its log: journalctl -u aesmd");
	} else if (number == AESM_SUCCESS) {
		host_check_set(check, HOST_GOOD, "it has an ECDSA attestation key", "");
	} else {
		buf_printf(&detail, "AESM error %u (%s)", number, aesm_error_name(number));
		host_check_set(check, HOST_BAD, buf_text(&detail), aesm_error_text(number));
	}
}

static void check_provider(const char *root, struct host_check *check)
{
	static const char *const folders[] = { "/usr/lib/x86_64-linux-gnu", "/usr/lib64",
		"/usr/lib", "/usr/local/lib", "/lib/x86_64-linux-gnu" };
	static const char *const names[] = { "libdcap_quoteprov.so.1", "libdcap_quoteprov.so" };
	check->name = "a quote provider library is installed";
	for (size_t i = 0; i < 2 * sizeof(folders) / sizeof(folders[0]); i++) {
		AUTO(auto_free) char *path = xasprintf("%s/%s", folders[i / 2], names[i % 2]);
		if (!host_has_file(root, path))
			continue;
		host_check_set(check, HOST_GOOD, path, "");
		return;
	}
	host_check_set(check, HOST_BAD, "libdcap_quoteprov.so.1 is in none of the library folders",
		"sudo apt-get install libsgx-dcap-default-qpl (on Azure: az-dcap-client), then sudo "
		"systemctl restart aesmd");
}

static void check_host(const char *root, struct host_check list[HOST_CHECKS])
{
	check_processor(root, &list[0]);
	check_driver(root, &list[1]);
	check_enclave_node(root, &list[2]);
	check_service(root, &list[3]);
	check_quoting(root, &list[3], &list[4]);
	check_provider(root, &list[5]);
	pccs_check_run(root, &list[6]);
}

void host_checks_run(const char *root, struct host_checks *checks)
{
	bool is_vm = vm_checks_apply(root);
	*checks = (struct host_checks){
		.is_vm = is_vm, .count = is_vm ? VM_CHECKS : HOST_CHECKS, .all_good = true
	};
	if (is_vm)
		vm_checks_run(root, checks->list);
	else
		check_host(root, checks->list);
	for (size_t i = 0; i < checks->count; i++)
		checks->all_good = checks->all_good && checks->list[i].outcome != HOST_BAD;
}

void host_checks_free(struct host_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		buf_free(&checks->list[i].detail);
		buf_free(&checks->list[i].repair);
	}
}
