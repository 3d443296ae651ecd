/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signed manifest makes of an enclave: the signer writes it into APP.sig, the runtime
 * compares (spec graphene-signing.md clauses 3, 4 and 7).
 */
#ifndef GRAPHENE_ENCLAVE_H
#define GRAPHENE_ENCLAVE_H

#include "graphene/manifest.h"
#include "sgx/measurement.h"
#include "sgx/sigstruct.h"

/* The memory of the enclave that `text`, the APP.manifest.sgx that parsed to `manifest`, gets. */
struct enclave_layout graphene_enclave_layout(
	const struct graphene_manifest *manifest, struct bytes text, struct bytes libpal);

/* Sets attributes, miscellaneous bits, both masks, product and security version; nothing else. */
void graphene_enclave_attributes(const struct graphene_manifest *manifest, struct sigstruct *out);

#endif
