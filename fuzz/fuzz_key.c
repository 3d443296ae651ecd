/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "crypto/cert.h"
#include "crypto/ec_key.h"
#include "crypto/p256.h"
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

/* A raw point is a key exactly if it is one in PKIX form. */
static void read_point(const uint8_t *data)
{
	static const uint8_t head[] = { 0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4 };
	uint8_t again[P256_RAW_SIZE];
	AUTO(buf_free) struct buf der = { 0 };
	buf_put(&der, head, sizeof(head));
	buf_put(&der, data, P256_RAW_SIZE);
	AUTO(auto_p256_key) struct p256_key *key = p256_key_new(data, FUZZ_ERR);
	AUTO(auto_pkey) EVP_PKEY *other = key_read_public(buf_bytes(&der), FUZZ_ERR);
	if (!key != !other)
		abort();
	if (other && (!p256_put_point(other, again, FUZZ_ERR) ||
			     memcmp(data, again, sizeof(again)) != 0))
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
