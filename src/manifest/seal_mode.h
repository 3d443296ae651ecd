/* SPDX-License-Identifier: Apache-2.0 */
/* Config.SealMode of a manifest (spec manifest.md clause 2.7, pki-and-state.md clause 4.1). */
#ifndef MANIFEST_SEAL_MODE_H
#define MANIFEST_SEAL_MODE_H

enum seal_mode {
	SEAL_PRODUCT_KEY, /* the state opens for enclaves of the same signer and product */
	SEAL_UNIQUE_KEY,  /* … for exactly this enclave */
	SEAL_DISABLED,    /* nothing is written */
};

#endif
