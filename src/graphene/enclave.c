/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/enclave.h"

#define XFRM_LEGACY    UINT64_C(3)
#define MISC_EXINFO    1U
#define ALL_FLAGS      UINT64_MAX
#define ALL_MISC_FLAGS UINT32_MAX

/* Gramine leaves AVX, AVX-512 and AMX to the machine, unless the manifest speaks of them. */
#define GRAMINE_XFRM_MASK UINT64_C(0xfffffffffff9ff1b)

struct enclave_layout graphene_enclave_layout(
	const struct graphene_manifest *manifest, struct bytes text, struct bytes libpal)
{
	/* of Gramine, the layout since 1.5: what its signers made before cannot be told apart */
	bool is_gramine = manifest->generation == GRAPHENE_GENERATION_GRAMINE;
	return (struct enclave_layout){ .manifest = text,
		.libpal = libpal,
		.enclave_size = manifest->enclave_size,
		.thread_num = manifest->thread_num,
		.base_is_zero = is_gramine || manifest->nonpie_binary,
		.without_heap = manifest->edmm };
}

void graphene_enclave_attributes(const struct graphene_manifest *manifest, struct sigstruct *out)
{
	out->attributes.flags = SGX_FLAG_MODE64BIT | (manifest->debug ? SGX_FLAG_DEBUG : 0);
	out->attributes.xfrm = XFRM_LEGACY | manifest->required_xfrm;
	out->misc_select = manifest->use_exinfo ? MISC_EXINFO : 0;
	out->isv_prod_id = manifest->isv_prod_id;
	out->isv_svn = manifest->isv_svn;
	if (manifest->generation == GRAPHENE_GENERATION_GRAPHENE) {
		out->attribute_mask = out->attributes;
		out->misc_mask = out->misc_select;
		return;
	}
	out->attribute_mask.flags = ALL_FLAGS;
	out->attribute_mask.xfrm =
		GRAMINE_XFRM_MASK | manifest->required_xfrm | manifest->disabled_xfrm;
	out->misc_mask = ALL_MISC_FLAGS;
}
