/* SPDX-License-Identifier: Apache-2.0 */
/* Size, threads, attributes and attestation of the enclave (spec graphene-manifest.md clauses 3 to
 * 5). */
#ifndef GRAPHENE_MANIFEST_SGX_H
#define GRAPHENE_MANIFEST_SGX_H

#include "base/error.h"
#include "graphene/manifest.h"

#include <jansson.h>
#include <stdbool.h>

/* Expects manifest->generation to be set. */
bool manifest_read_sgx(const json_t *tree, struct graphene_manifest *manifest, struct error *err);

#endif
