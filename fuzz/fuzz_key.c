/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "crypto/cert.h"
#include "crypto/ec_key.h"
#include "crypto/key.h"
#include "crypto/rsa.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

/* Our own encoding of a key on a curve is OpenSSL's. */
static void encode(EVP_PKEY *key)
{
	struct ec_key parts;
	AUTO(buf_free) struct buf ours = { 0 };
	AUTO(buf_free) struct buf theirs = { 0 };
	if (!ec_key_describe(key, &parts))
		return;
	int size = i2d_PUBKEY(key, NULL);
	if (size <= 0)
		abort();
	uint8_t *next = buf_extend(&theirs, (size_t)size);
	i2d_PUBKEY(key, &next);
	ec_key_put_public(&parts, &ours);
	if (!bytes_equal(buf_bytes(&ours), buf_bytes(&theirs)))
		abort();
}

static void read_point(const uint8_t *data)
{
	uint8_t again[P256_RAW_SIZE];
	AUTO(auto_pkey) EVP_PKEY *key = p256_read_point(data, FUZZ_ERR);
	if (key &&
		(!p256_put_point(key, again, FUZZ_ERR) || memcmp(data, again, sizeof(again)) != 0))
		abort();
}

static void use(EVP_PKEY *key)
{
	if (key)
		encode(key);
	EVP_PKEY_free(key);
}

/* Keys of peers, recovery keys, and certificates with keys of any kind, in DER or PEM. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes input = { size ? (const void *)data : "", size };
	use(key_read_public(input, FUZZ_ERR));
	use(key_read_private(input, FUZZ_ERR));
	use(rsa_read_public_pem(input, FUZZ_ERR));
	use(rsa_read_private_pem(input, FUZZ_ERR));
	X509_free(cert_read_pem(input, FUZZ_ERR));
	if (size == P256_RAW_SIZE)
		read_point(data);
	ERR_clear_error();
	return 0;
}
