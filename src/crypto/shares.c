/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/shares.h"

#include "crypto/digest.h"

#include <string.h>

void shares_split_all(struct bytes secret, struct buf *shares, size_t count)
{
	buf_put(&shares[count - 1], secret.data, secret.size);
	uint8_t *last = shares[count - 1].data + shares[count - 1].size - secret.size;
	for (size_t i = 0; i + 1 < count; i++) {
		uint8_t *share = buf_extend(&shares[i], secret.size);
		random_bytes(share, secret.size);
		for (size_t j = 0; j < secret.size; j++)
			last[j] ^= share[j];
	}
}

static bool check_lengths(const struct bytes *shares, size_t count, struct error *err)
{
	for (size_t i = 1; i < count; i++) {
		if (shares[i].size != shares[0].size)
			return error_set(
				err, ERROR_INVALID, "the shares do not have the same length");
	}
	return count || error_set(err, ERROR_INVALID, "there are no shares");
}

bool shares_join_all(
	const struct bytes *shares, size_t count, struct buf *secret, struct error *err)
{
	if (!check_lengths(shares, count, err))
		return false;
	size_t size = shares[0].size;
	uint8_t *out = buf_extend(secret, size);
	memset(out, 0, size);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *share = shares[i].data;
		for (size_t j = 0; j < size; j++)
			out[j] ^= share[j];
	}
	return true;
}

/* In GF(2^8), where addition is XOR. Masks stand for branches. */
static uint8_t multiply(uint8_t a, uint8_t b)
{
	uint8_t product = 0;
	for (int bit = 0; bit < 8; bit++) {
		product ^= (uint8_t)(-(b >> bit & 1) & a);
		a = (uint8_t)(a << 1 ^ (-(a >> 7) & 0x1b));
	}
	return product;
}

/* a^254 = a^-1; 0 for 0. */
static uint8_t invert(uint8_t a)
{
	uint8_t inverse = 1;
	for (int bit = 7; bit >= 0; bit--) {
		inverse = multiply(inverse, inverse);
		if (254 >> bit & 1)
			inverse = multiply(inverse, a);
	}
	return inverse;
}

/* The polynomial at x, by Horner's rule; coefficients[0] is the constant term. */
static uint8_t evaluate(const uint8_t *coefficients, size_t count, uint8_t x)
{
	uint8_t y = 0;
	for (size_t i = count; i-- > 0;)
		y = multiply(y, x) ^ coefficients[i];
	return y;
}

bool shares_split_threshold(
	struct bytes secret, size_t threshold, struct buf *shares, size_t count, struct error *err)
{
	if (threshold < 2 || threshold > count || count > SHARES_MAX)
		return error_set(err, ERROR_INVALID,
			"a secret cannot be split into %zu shares of which %zu are needed: 2 to %d "
			"can be",
			count, threshold, SHARES_MAX);
	struct buf polynomial = { 0 };
	const uint8_t *bytes = secret.data;
	for (size_t j = 0; j < secret.size; j++) {
		buf_clear(&polynomial);
		buf_put_u8(&polynomial, bytes[j]);
		random_bytes(buf_extend(&polynomial, threshold - 1), threshold - 1);
		for (size_t i = 0; i < count; i++)
			buf_put_u8(
				&shares[i], evaluate(polynomial.data, threshold, (uint8_t)(i + 1)));
	}
	for (size_t i = 0; i < count; i++)
		buf_put_u8(&shares[i], (uint8_t)(i + 1));
	buf_free(&polynomial);
	return true;
}

static uint8_t x_of(const struct bytes *share)
{
	return ((const uint8_t *)share->data)[share->size - 1];
}

/* What share i counts at 0: the product of x_j / (x_j - x_i) over all others. */
static uint8_t weight(const struct bytes *shares, size_t count, size_t i)
{
	uint8_t numerator = 1;
	uint8_t denominator = 1;
	for (size_t j = 0; j < count; j++) {
		if (j == i)
			continue;
		numerator = multiply(numerator, x_of(&shares[j]));
		denominator = multiply(denominator, x_of(&shares[j]) ^ x_of(&shares[i]));
	}
	return multiply(numerator, invert(denominator));
}

/* Which share a party has is no secret. */
static bool check_places(const struct bytes *shares, size_t count, struct error *err)
{
	bool is_taken[SHARES_MAX + 1] = { true };
	for (size_t i = 0; i < count; i++) {
		if (shares[i].size < 2 || is_taken[x_of(&shares[i])])
			return error_set(
				err, ERROR_INVALID, "a share is none, or there a second time");
		is_taken[x_of(&shares[i])] = true;
	}
	return true;
}

bool shares_join_threshold(
	const struct bytes *shares, size_t count, struct buf *secret, struct error *err)
{
	if (!check_lengths(shares, count, err) || !check_places(shares, count, err))
		return false;
	size_t size = shares[0].size - 1;
	uint8_t *out = buf_extend(secret, size);
	memset(out, 0, size);
	for (size_t i = 0; i < count; i++) {
		uint8_t factor = weight(shares, count, i);
		const uint8_t *share = shares[i].data;
		for (size_t j = 0; j < size; j++)
			out[j] ^= multiply(share[j], factor);
	}
	return true;
}
