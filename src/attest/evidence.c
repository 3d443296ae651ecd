/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/evidence.h"

#include "attest/cbor.h"
#include "base/cleanup.h"
#include "crypto/digest.h"

#include <string.h>

#define TAG_QUOTE   60000
#define PUBKEY_HASH "pubkey-hash"

/* IANA's registry of named information has the numbers. */
#define HASH_SHA256 1
#define HASH_SHA384 7
#define HASH_SHA512 8

static const EVP_MD *digest_of(uint64_t number)
{
	switch (number) {
	case HASH_SHA256:
		return EVP_sha256();
	case HASH_SHA384:
		return EVP_sha384();
	case HASH_SHA512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

bool evidence_put_claims(EVP_PKEY *key, struct buf *claims, struct error *err)
{
	AUTO(buf_free) struct buf spki = { 0 };
	AUTO(buf_free) struct buf hash = { 0 };
	uint8_t digest[SHA256_SIZE];
	if (!key_put_public(key, &spki, err))
		return false;
	sha256(spki.data, spki.size, digest);
	cbor_put(&hash, CBOR_ARRAY, 2);
	cbor_put(&hash, CBOR_UINT, HASH_SHA256);
	cbor_put_string(&hash, CBOR_BYTES, (struct bytes){ digest, sizeof(digest) });
	cbor_put(claims, CBOR_MAP, 1);
	cbor_put_string(claims, CBOR_TEXT, bytes_of_text(PUBKEY_HASH));
	cbor_put_string(claims, CBOR_BYTES, buf_bytes(&hash));
	return true;
}

void evidence_bind_claims(struct bytes claims, uint8_t report_data[SGX_REPORT_DATA_SIZE])
{
	memset(report_data, 0, SGX_REPORT_DATA_SIZE);
	sha256(claims.data, claims.size, report_data);
}

void evidence_put(struct buf *out, const struct evidence *evidence)
{
	cbor_put(out, CBOR_TAG, TAG_QUOTE);
	cbor_put(out, CBOR_ARRAY, 2);
	cbor_put_string(out, CBOR_BYTES, evidence->quote);
	cbor_put_string(out, CBOR_BYTES, evidence->claims);
}

bool evidence_read(struct bytes value, struct evidence *evidence, struct error *err)
{
	struct reader r = reader_of(value.data, value.size);
	uint64_t tag = cbor_read(&r, CBOR_TAG);
	uint64_t count = cbor_read(&r, CBOR_ARRAY);
	*evidence = (struct evidence){ .quote = cbor_read_string(&r, CBOR_BYTES) };
	evidence->claims = cbor_read_string(&r, CBOR_BYTES);
	return (reader_finished(&r) && tag == TAG_QUOTE && count == 2) ||
	       error_set(err, ERROR_INVALID,
		       "it is not CBOR of the form %d([quote, claims]), each in its shortest form",
		       TAG_QUOTE);
}

/* The one claim that counts. Another of the same name could be what somebody else believes. */
static bool find_hash(struct bytes claims, struct bytes *hash, struct error *err)
{
	struct reader r = reader_of(claims.data, claims.size);
	size_t found = 0;
	for (uint64_t left = cbor_read(&r, CBOR_MAP); left && !r.bad; left--) {
		struct bytes name = cbor_read_string(&r, CBOR_TEXT);
		struct bytes value = cbor_read_string(&r, CBOR_BYTES);
		if (bytes_equal(name, bytes_of_text(PUBKEY_HASH))) {
			*hash = value;
			found++;
		}
	}
	if (!reader_finished(&r))
		return error_set(err, ERROR_INVALID,
			"its claims are no map of CBOR from texts to byte strings");
	return found == 1 || error_set(err, ERROR_INVALID, "its claims have %s " PUBKEY_HASH,
				     found ? "more than one" : "no");
}

static bool is_digest_of(struct bytes digest, const EVP_MD *algorithm, struct bytes data)
{
	uint8_t computed[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	return EVP_Digest(data.data, data.size, computed, &size, algorithm, NULL) == 1 &&
	       bytes_equal(digest, (struct bytes){ computed, size });
}

bool evidence_check_key(struct bytes claims, EVP_PKEY *key, struct error *err)
{
	struct bytes hash = { NULL, 0 };
	AUTO(buf_free) struct buf spki = { 0 };
	if (!find_hash(claims, &hash, err) || !key_put_public(key, &spki, err))
		return false;
	struct reader r = reader_of(hash.data, hash.size);
	uint64_t count = cbor_read(&r, CBOR_ARRAY);
	const EVP_MD *algorithm = digest_of(cbor_read(&r, CBOR_UINT));
	struct bytes digest = cbor_read_string(&r, CBOR_BYTES);
	if (!reader_finished(&r) || count != 2 || !algorithm)
		return error_set(err, ERROR_INVALID,
			"its " PUBKEY_HASH " is no SHA-256, SHA-384 or SHA-512 in CBOR");
	return is_digest_of(digest, algorithm, buf_bytes(&spki)) ||
	       error_set(err, ERROR_DENIED,
		       "its claims are about another key: somebody stands in between");
}
