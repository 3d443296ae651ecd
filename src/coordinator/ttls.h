/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of transparent TLS that a Marble gets (spec marble-api.md clause 9). */
#ifndef COORDINATOR_TTLS_H
#define COORDINATOR_TTLS_H

#include "manifest/manifest.h"

#define TTLS_VARIABLE "MARBLE_TTLS_CONFIG"

/*
 * Appends the value of TTLS_VARIABLE for a Marble with TLS tags, which `manifest` has; certificates
 * and keys come from `view`.
 */
bool ttls_put_config(const struct manifest *manifest, const struct manifest_marble *marble,
	const struct template_data *view, struct buf *out, struct error *err);

#endif
