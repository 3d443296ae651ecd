/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/enclave_file.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/elf_section.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define ENCLAVE_FILE_MAX (512U << 20)
#define OCCLUM_LIBRARY   "build/lib/libocclum-libos.signed.so"

bool sigstruct_find(struct bytes data, struct sigstruct *out, struct error *err)
{
	static const uint8_t header[] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 };
	const uint8_t *next = data.data;
	size_t left = data.size;
	while (left >= SIGSTRUCT_SIZE) {
		const uint8_t *found = memmem(next, left, header, sizeof(header));
		if (!found)
			break;
		left -= (size_t)(found - next);
		if (left >= SIGSTRUCT_SIZE &&
			sigstruct_parse((struct bytes){ found, SIGSTRUCT_SIZE }, out, NULL))
			return true;
		next = found + 1;
		left--;
	}
	return error_set(err, ERROR_NOT_FOUND, "it contains no SIGSTRUCT: was it signed?");
}

static bool read_section(
	const char *path, const char *section, struct sigstruct *out, struct error *err)
{
	AUTO(buf_free) struct buf file = { 0 };
	struct bytes content;
	if (!file_read(path, ENCLAVE_FILE_MAX, &file, err))
		return false;
	if (elf_find_section(buf_bytes(&file), section, &content, err) &&
		sigstruct_find(content, out, err))
		return true;
	return error_prefix(err, "%s", path);
}

/* The path of the only .sig file in a folder; the caller frees. */
static char *find_signature_file(const char *folder, struct error *err)
{
	AUTO(auto_free) char *found = NULL;
	DIR *entries = opendir(folder);
	bool several = false;
	for (struct dirent *entry; entries && (entry = readdir(entries));) {
		size_t length = strlen(entry->d_name);
		if (length < 4 || strcmp(entry->d_name + length - 4, ".sig") != 0)
			continue;
		several = found;
		if (several)
			break;
		found = xasprintf("%s/%s", folder, entry->d_name);
	}
	if (entries)
		closedir(entries);
	if (several)
		error_set(err, ERROR_INVALID, "found multiple .sig files: name one of them");
	else if (!found)
		error_set(err, ERROR_NOT_FOUND, "did not find Gramine .sig file in directory");
	return several ? NULL : TAKE(found);
}

/* The signature file is a SIGSTRUCT and nothing else. */
static bool read_gramine(const char *path, bool is_folder, struct sigstruct *out, struct error *err)
{
	AUTO(buf_free) struct buf file = { 0 };
	AUTO(auto_free) char *found = is_folder ? find_signature_file(path, err) : xstrdup(path);
	if (!found || !file_read(found, ENCLAVE_FILE_MAX, &file, err))
		return false;
	return sigstruct_parse(buf_bytes(&file), out, err) || error_prefix(err, "%s", found);
}

static bool read_sgx_sdk(const char *path, bool is_folder, struct sigstruct *out, struct error *err)
{
	AUTO(auto_free)
	char *file = is_folder ? xasprintf("%s/" OCCLUM_LIBRARY, path) : xstrdup(path);
	return read_section(file, ".note.sgxmeta", out, err);
}

bool enclave_file_read(
	const char *path, enum enclave_kind *kind, struct sigstruct *out, struct error *err)
{
	struct stat found;
	struct error open_enclave = { 0 };
	struct error gramine = { 0 };
	struct error sgx_sdk = { 0 };
	if (stat(path, &found))
		return error_errno(err, "cannot read %s", path);
	bool is_folder = S_ISDIR(found.st_mode);
	*kind = ENCLAVE_OPEN_ENCLAVE;
	if (is_folder)
		error_set(&open_enclave, ERROR_INVALID, "%s is a folder", path);
	else if (read_section(path, ".oeinfo", out, &open_enclave))
		return true;
	*kind = ENCLAVE_GRAMINE;
	if (read_gramine(path, is_folder, out, &gramine))
		return true;
	*kind = is_folder ? ENCLAVE_OCCLUM : ENCLAVE_SGX_SDK;
	if (read_sgx_sdk(path, is_folder, out, &sgx_sdk))
		return true;
	return error_set(err, ERROR_NOT_FOUND, "Open Enclave: %s\nGramine: %s\nSGX SDK: %s",
		open_enclave.message, gramine.message, sgx_sdk.message);
}
