/* SPDX-License-Identifier: Apache-2.0 */
/* Issues the SGX extension of a PCK certificate under the Platform CA (spec dcap.md clause 2.3). */
#ifndef PLATFORM_EXTENSION_H
#define PLATFORM_EXTENSION_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"
#include "dcap/pck_extension.h"

/* Appends the DER value. Type is scalable, configuration true, false, false, as on real machines.
 */
void platform_put_extension(
	struct buf *out, const struct pck_extension *extension, const uint8_t instance_id[16]);

/* The extension of a PCK certificate. */
bool platform_extension_of(X509 *pck, struct pck_extension *extension, struct error *err);

#endif
