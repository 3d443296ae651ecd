/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/recovery_secrets.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "crypto/key.h"
#include "crypto/rsa.h"
#include "crypto/shares.h"

#include <jansson.h>
#include <string.h>

static void free_secret(void *secret)
{
	buf_free(secret);
	free(secret);
}

void recovery_secrets_free(struct strmap *secrets)
{
	strmap_free(secrets, free_secret);
	*secrets = (struct strmap){ 0 };
}

void recovery_part_free(void *part)
{
	struct recovery_part *p = part;
	if (!p)
		return;
	buf_free(&p->secret);
	buf_free(&p->signature);
	free(p);
}

/* How many parts are needed: a threshold of 0 stands for all. */
static uint64_t effective_threshold(const struct manifest *manifest)
{
	uint64_t threshold = manifest->config.recovery_threshold;
	return threshold ? threshold : manifest->recovery_keys.count;
}

bool recovery_is_changed(const struct manifest *before, const struct manifest *after)
{
	const struct strmap *a = &before->recovery_keys;
	const struct strmap *b = &after->recovery_keys;
	if (a->count != b->count || effective_threshold(before) != effective_threshold(after))
		return true;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
			strcmp(a->entries[i].value, b->entries[i].value) != 0)
			return true;
	}
	return false;
}

void recovery_hash(struct bytes secret, char hash[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];
	sha256(secret.data, secret.size, digest);
	hex_format(hash, digest, sizeof(digest));
}

void recovery_data_put(struct buf *data, const struct strmap *hashes)
{
	for (size_t i = 0; i < hashes->count; i++)
		buf_printf(data, "%c\"%s\":true", i ? ',' : '{', hashes->entries[i].name);
	buf_put_text(data, hashes->count ? "}" : "null");
}

bool recovery_data_read(struct bytes data, struct strmap *hashes, bool *has_none, struct error *err)
{
	json_t *map = json_loadb(data.data ? data.data : "", data.size, JSON_DECODE_ANY, NULL);
	const char *name;
	json_t *value;
	*has_none = !data.size || json_is_null(map);
	bool good = *has_none || json_object_size(map);
	json_object_foreach(map, name, value)
	{
		strmap_add(hashes, name, NULL);
	}
	strmap_sort(hashes, NULL);
	json_decref(map);
	return good || error_set(err, ERROR_INVALID, "the recovery data are damaged");
}

/* The parts in plain text, one for each key. */
static bool split(const struct manifest *manifest, struct bytes data_key, struct buf *parts,
	struct error *err)
{
	size_t count = manifest->recovery_keys.count;
	uint64_t threshold = effective_threshold(manifest);
	if (count == 1)
		buf_put(&parts[0], data_key.data, data_key.size);
	else if (threshold < count)
		return shares_split_threshold(data_key, threshold, parts, count, err);
	else
		shares_split_all(data_key, parts, count);
	return true;
}

static bool encrypt(const char *pem, const struct buf *part, struct buf *out, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *key = rsa_read_public_pem(bytes_of_text(pem), err);
	return key && rsa_encrypt(key, buf_bytes(part), out, err);
}

static bool encrypt_all(const struct strmap *keys, const struct buf *parts, struct strmap *secrets,
	struct error *err)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct strmap_entry *entry = &keys->entries[i];
		struct buf *secret = xcalloc(1, sizeof(*secret));
		strmap_add(secrets, entry->name, secret);
		struct error reason = { 0 };
		if (!encrypt(entry->value, &parts[i], secret, &reason))
			return error_set(err, reason.kind, "%s (recovery key %s)", reason.message,
				entry->name);
	}
	strmap_sort(secrets, free_secret);
	return true;
}

static void put_hashes(const struct buf *parts, size_t count, struct buf *data)
{
	struct strmap hashes = { 0 };
	for (size_t i = 0; i < count && count > 1; i++) {
		char hash[2 * SHA256_SIZE + 1];
		recovery_hash(buf_bytes(&parts[i]), hash);
		strmap_add(&hashes, hash, NULL);
	}
	strmap_sort(&hashes, NULL);
	recovery_data_put(data, &hashes);
	strmap_free(&hashes, NULL);
}

bool recovery_split(const struct manifest *manifest, const uint8_t data_key[DATA_KEY_SIZE],
	struct strmap *secrets, struct buf *data, struct error *err)
{
	const struct strmap *keys = &manifest->recovery_keys;
	struct bytes key = { data_key, DATA_KEY_SIZE };
	AUTO(auto_free) struct buf *parts = xcalloc(keys->count + 1, sizeof(*parts));
	bool done = !keys->count ||
		    (split(manifest, key, parts, err) && encrypt_all(keys, parts, secrets, err));
	put_hashes(parts, keys->count, data);
	for (size_t i = 0; i < keys->count; i++)
		buf_free(&parts[i]);
	return done;
}

/* Takes the first part that the key signed out of `left`. */
static bool take_signed(
	const char *pem, const struct recovery_part **left, size_t count, struct error *err)
{
	AUTO(auto_pkey) EVP_PKEY *key = rsa_read_public_pem(bytes_of_text(pem), err);
	for (size_t i = 0; key && i < count; i++) {
		if (!left[i] || !key_verify(key, EVP_sha256(), buf_bytes(&left[i]->secret),
					buf_bytes(&left[i]->signature)))
			continue;
		left[i] = NULL;
		return true;
	}
	return false;
}

bool recovery_check_signatures(const struct manifest *manifest,
	const struct recovery_part *const *parts, size_t count, struct error *err)
{
	const struct strmap *keys = &manifest->recovery_keys;
	uint64_t needed = effective_threshold(manifest);
	bool needs_all = needed == keys->count;
	if (count != needed)
		return error_set(err, ERROR_DENIED,
			needs_all ? "recovery keys in manifest do not match the keys used for "
				    "recovery: expected %llu, got %zu"
				  : "recovery threshold in manifest does not match the number of "
				    "keys used for recovery: expected %llu, got %zu",
			(unsigned long long)needed, count);
	AUTO(auto_free) const struct recovery_part **left = xcalloc(count + 1, sizeof(*left));
	memcpy(left, parts, count * sizeof(*left));
	size_t matched = 0;
	for (size_t i = 0; i < keys->count; i++) {
		bool found = take_signed(keys->entries[i].value, left, count, NULL);
		matched += found;
		if (needs_all && !found)
			return error_set(err, ERROR_DENIED,
				"no matching recovery key found for recovery public key \"%s\"",
				keys->entries[i].name);
	}
	return matched == count ||
	       error_set(
		       err, ERROR_DENIED, "no matching recovery public key found for recovery key");
}
