/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_sgx.h"

#include "graphene/manifest_value.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

#define DEFAULT_SIZE      (256 * MIB)
#define DEFAULT_EDMM_SIZE (1024 * 1024 * MIB)

static bool read_size(const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	uint64_t absent = manifest->edmm ? DEFAULT_EDMM_SIZE : DEFAULT_SIZE;
	manifest->enclave_size = manifest_size(tree, "sgx.enclave_size", absent);
	if (manifest->enclave_size & (manifest->enclave_size - 1))
		return error_set(err, ERROR_INVALID,
			"Enclave size not a power of two (an SGX-imposed requirement): "
			"'sgx.enclave_size' is \"%s\"",
			manifest_string(tree, "sgx.enclave_size", ""));
	return true;
}

/* A feature is required by a flag of its own in Graphene, by a word in Gramine. */
static void read_cpu_features(const json_t *tree, struct graphene_manifest *manifest)
{
	static const struct {
		const char *flag;
		const char *word;
		uint64_t xfrm;
	} features[] = {
		{ "sgx.require_avx", "sgx.cpu_features.avx", 0x4 },
		{ "sgx.require_avx512", "sgx.cpu_features.avx512", 0xe4 },
		{ "sgx.require_mpx", "sgx.cpu_features.mpx", 0x18 },
		{ "sgx.require_pkru", "sgx.cpu_features.pkru", 0x200 },
		{ "sgx.require_amx", "sgx.cpu_features.amx", 0x60000 },
	};
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		const char *word = manifest_string(tree, features[i].word, "");
		if (!strcmp(word, "required") || manifest_bool(tree, features[i].flag, false))
			manifest->required_xfrm |= features[i].xfrm;
		if (!strcmp(word, "disabled"))
			manifest->disabled_xfrm |= features[i].xfrm;
	}
}

/* A flag in Graphene, where an EPID key (SPID) says that DCAP is not meant; a word in Gramine. */
static bool read_attestation(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	const char *word = manifest_string(tree, "sgx.remote_attestation", "none");
	const char *spid = manifest_string(tree, "sgx.ra_client_spid", NULL);
	if (manifest_bool(tree, "sgx.remote_attestation", false))
		word = spid && *spid ? "epid" : "dcap";
	if (spid && *spid && (strlen(spid) != 32 || spid[strspn(spid, "0123456789abcdefABCDEF")]))
		return manifest_cannot_parse(
			err, "sgx.ra_client_spid", "32 hexadecimal digits, or \"\" for DCAP");
	if (spid && !strcmp(word, "none"))
		return error_set(err, ERROR_INVALID,
			"'sgx.ra_client_spid' is set but 'sgx.remote_attestation' is off; turn it "
			"on or remove the SPID");
	if (!strcmp(word, "dcap"))
		manifest->attestation = GRAPHENE_ATTESTATION_DCAP;
	else if (!strcmp(word, "epid"))
		manifest->attestation = GRAPHENE_ATTESTATION_EPID;
	else
		manifest->attestation = GRAPHENE_ATTESTATION_NONE;
	return true;
}

static bool read_exinfo(const json_t *tree)
{
	static const char *const keys[] = { "sgx.use_exinfo", "sgx.require_exinfo",
		"sgx.support_exinfo" };
	bool use = false;
	for (size_t i = 0; i < 3; i++)
		use |= manifest_bool(tree, keys[i], false);
	return use;
}

bool manifest_read_sgx(const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	bool is_graphene = manifest->generation == GRAPHENE_GENERATION_GRAPHENE;
	int64_t thread_num = manifest_integer(tree, "sgx.thread_num", 0);
	manifest->thread_num = (uint32_t)manifest_integer(tree, "sgx.max_threads", thread_num);
	manifest->nonpie_binary = manifest_bool(tree, "sgx.nonpie_binary", false);
	manifest->edmm = manifest_bool(tree, "sgx.edmm_enable", false);
	manifest->debug = manifest_bool(tree, "sgx.debug", is_graphene);
	manifest->use_exinfo = read_exinfo(tree);
	manifest->isv_prod_id = (uint16_t)manifest_integer(tree, "sgx.isvprodid", 0);
	manifest->isv_svn = (uint16_t)manifest_integer(tree, "sgx.isvsvn", 0);
	manifest->allow_all_but_log =
		!strcmp(manifest_string(tree, "sgx.file_check_policy", ""), "allow_all_but_log");
	read_cpu_features(tree, manifest);
	return read_size(tree, manifest, err) && read_attestation(tree, manifest, err);
}
