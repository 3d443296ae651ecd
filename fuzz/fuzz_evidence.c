/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in a certificate of whoever answers; it is also taken as claims alone. */
#include "fuzz.h"

#include "attest/evidence.h"
#include "base/cleanup.h"
#include "base/hex.h"

#include <stdlib.h>
#include <string.h>

/* The generator of P-256, as a public key in DER. */
static const char key_hex[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
			      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
			      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/* Made once, as reading it takes longer than all else here. */
static EVP_PKEY *get_key(void)
{
	static EVP_PKEY *key;
	AUTO(buf_free) struct buf der = { 0 };
	if (!key && hex_decode(&der, key_hex, strlen(key_hex)))
		key = key_read_public(buf_bytes(&der), FUZZ_ERR);
	if (!key)
		abort();
	return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = { data, size };
	struct evidence evidence;
	EVP_PKEY *key = get_key();
	AUTO(buf_free) struct buf again = { 0 };
	(void)evidence_check_key(input, key, FUZZ_ERR);
	if (!evidence_read(input, &evidence, FUZZ_ERR))
		return 0;
	(void)evidence_check_key(evidence.claims, key, FUZZ_ERR);
	/* there is one way to write it */
	evidence_put(&again, &evidence);
	if (!bytes_equal(input, buf_bytes(&again)))
		abort();
	return 0;
}
