/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "cli/command.h"
#include "cli/enclave_file.h"
#include "cli/output.h"
#include "client/json.h"

#include <stdio.h>

static void print_properties(const struct sigstruct *properties)
{
	char hex[2 * SGX_HASH_SIZE + 1];
	hex_format(hex, properties->mr_enclave, SGX_HASH_SIZE);
	printf("UniqueID (MRENCLAVE)      : %s\n", hex);
	hex_format(hex, properties->mr_signer, SGX_HASH_SIZE);
	printf("SignerID (MRSIGNER)       : %s\n", hex);
	printf("ProductID (ISVPRODID)     : %u\n", properties->isv_prod_id);
	printf("SecurityVersion (ISVSVN)  : %u\n", properties->isv_svn);
}

/* The members of a package in a manifest, and of an attestation configuration. */
static bool print_json(const struct sigstruct *properties, struct error *err)
{
	char unique_id[2 * SGX_HASH_SIZE + 1];
	char signer_id[2 * SGX_HASH_SIZE + 1];
	hex_format(unique_id, properties->mr_enclave, SGX_HASH_SIZE);
	hex_format(signer_id, properties->mr_signer, SGX_HASH_SIZE);
	AUTO(auto_json)
	json_t *document = json_pack("{ss ss si si}", "UniqueID", unique_id, "SignerID", signer_id,
		"ProductID", (int)properties->isv_prod_id, "SecurityVersion",
		(int)properties->isv_svn);
	return output_json(document, err);
}

bool cmd_package_info(const struct invocation *invocation, struct error *err)
{
	const char *path = invocation->arguments[0];
	enum enclave_kind kind;
	struct sigstruct properties;
	struct error reasons = { 0 };
	if (!enclave_file_read(path, &kind, &properties, &reasons)) {
		fprintf(stderr,
			"Could not find the signature of an SGX enclave in '%s'.\n"
			"Give the signed enclave (an ELF file), its .sig file, or the folder of a Gramine or Occlum image.\n"
			"%s\n",
			path, reasons.message);
		return error_set(err, reasons.kind, "unable to determine enclave properties");
	}
	if (output_is_json(&invocation->options))
		return print_json(&properties, err);
	if (kind == ENCLAVE_GRAMINE)
		printf("Detected Gramine instance.\nPackageProperties for Gramine instance at '%s':\n",
			path);
	else if (kind == ENCLAVE_OCCLUM)
		printf("Detected Occlum image.\nPackageProperties for Occlum image at '%s':\n",
			path);
	else
		printf("PackageProperties for '%s':\n", path);
	print_properties(&properties);
	return true;
}
