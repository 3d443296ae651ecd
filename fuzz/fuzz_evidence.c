/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in a certificate of whoever answers; it is also taken as claims alone. */
#include "fuzz.h"

#include "attest/evidence.h"
#include "base/cleanup.h"
#include "base/hex.h"

#include <stdlib.h>

/* The generator of P-256, as a public key. */
static const char point_hex[] = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
				"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = { data, size };
	struct evidence evidence;
	uint8_t point[P256_RAW_SIZE];
	AUTO(buf_free) struct buf again = { 0 };
	if (!hex_decode_exact(point, sizeof(point), point_hex))
		abort();
	AUTO(auto_pkey) EVP_PKEY *key = p256_read_point(point, NULL);
	if (!key)
		abort();
	(void)evidence_check_key(input, key, NULL);
	if (!evidence_read(input, &evidence, NULL))
		return 0;
	(void)evidence_check_key(evidence.claims, key, NULL);
	/* there is one way to write it */
	evidence_put(&again, &evidence);
	if (!bytes_equal(input, buf_bytes(&again)))
		abort();
	return 0;
}
