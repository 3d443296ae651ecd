/* SPDX-License-Identifier: Apache-2.0 */
/* What version 3 of the API serves of the TCB info that version 4 serves (spec dcap.md clause 3.1).
 */
#ifndef PLATFORM_TCB_INFO_V2_H
#define PLATFORM_TCB_INFO_V2_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/openssl.h"

/* Appends the signed version 2 of a signed version 3. */
bool tcb_info_v2_put(
	struct buf *out, struct bytes version_3, EVP_PKEY *signing_key, struct error *err);

#endif
