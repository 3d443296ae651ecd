/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM with a random nonce, laid out nonce(12) || ciphertext || tag(16) (spec pki-and-state.md
 * clause 4). A key may be 16 or 32 bytes.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"

#define AEAD_OVERHEAD 28 /* bytes that sealing adds */

/* Appends the sealed bytes. `bound` is authenticated with them and must be given to open them. */
bool aead_seal(struct bytes key, struct bytes plain, struct bytes bound, struct buf *out,
	struct error *err);

/* Appends the plain bytes. ERROR_DENIED when key, bound data or content are not the right ones. */
bool aead_open(struct bytes key, struct bytes sealed, struct bytes bound, struct buf *out,
	struct error *err);

#endif
