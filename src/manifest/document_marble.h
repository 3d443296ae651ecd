/* SPDX-License-Identifier: Apache-2.0 */
/* The Marbles of a manifest (spec manifest.md clauses 2.3 and 2.4). */
#ifndef MANIFEST_DOCUMENT_MARBLE_H
#define MANIFEST_DOCUMENT_MARBLE_H

#include "manifest/go_json.h"

/* Each a struct manifest_marble whose templates are not parsed. */
extern const struct go_json_entries document_marbles;

/* Frees a struct manifest_marble. */
void document_marble_free(void *marble);

#endif
