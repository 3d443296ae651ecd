/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret in several hands (spec client-api.md clause 7.1): all of them together (XOR), or any
 * `threshold` of them (Shamir's scheme over GF(2^8) with the polynomial of AES, byte by byte, as
 * HashiCorp's library has it). No branch and no address depends on a secret byte.
 */
#ifndef CRYPTO_SHARES_H
#define CRYPTO_SHARES_H

#include "base/buf.h"
#include "base/error.h"

#define SHARES_MAX 255 /* of Shamir's: each has an x of its own, and 0 is the secret's */

/* Appends to each of the `count` shares, 2 or more, as many bytes as the secret has. */
void shares_split_all(struct bytes secret, struct buf *shares, size_t count);
/* Appends the secret. ERROR_INVALID unless all shares are of one length. */
bool shares_join_all(
	const struct bytes *shares, size_t count, struct buf *secret, struct error *err);

/*
 * Appends to each of the `count` shares the bytes of y and one of x. ERROR_INVALID unless 2 <=
 * threshold <= count <= SHARES_MAX.
 */
bool shares_split_threshold(
	struct bytes secret, size_t threshold, struct buf *shares, size_t count, struct error *err);
/*
 * Appends what `count` shares say: the secret if they are at least as many as the threshold was,
 * else something that tells nothing about it. ERROR_INVALID for shares of different lengths, or two
 * with the same x, or one whose x is 0.
 */
bool shares_join_threshold(
	const struct bytes *shares, size_t count, struct buf *secret, struct error *err);

#endif
