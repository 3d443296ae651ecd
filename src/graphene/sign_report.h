/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer tells its user, in the form of the manifest's generation (spec
 * graphene-signing.md clause 6). */
#ifndef GRAPHENE_SIGN_REPORT_H
#define GRAPHENE_SIGN_REPORT_H

#include "base/buf.h"
#include "graphene/manifest.h"
#include "sgx/measurement.h"
#include "sgx/sigstruct.h"

#include <jansson.h>

struct sign_report_memory {
	uint64_t base; /* address of the enclave */
	struct buf *out;
};

/* For enclave_measure: appends the line of an area. `context` is a struct sign_report_memory. */
void sign_report_put_area(const struct enclave_area *area, void *context);

/* Appends the whole report; `memory` holds the lines of the areas. */
void sign_report_put(struct buf *out, const json_t *tree, const struct graphene_manifest *manifest,
	const struct sigstruct *fields, const struct buf *memory);

#endif
