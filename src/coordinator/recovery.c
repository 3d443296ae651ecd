/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/recovery.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "crypto/shares.h"

#include <string.h>

#define SHAMIR_SIZE (DATA_KEY_SIZE + 1)
/* Each part in trial mode doubles the number of combinations; more than so many start over. */
#define TRIAL_MAX 8

struct recovery {
	struct buf file;
	struct sealed_data data; /* of file */
	struct strmap hashes;    /* of the parts that were handed out */
	bool is_trial;           /* they are not known */
	struct error damage;
	struct recovery_part **parts;
	size_t count;
};

struct recovery *recovery_new(struct buf *data_file)
{
	struct recovery *recovery = xcalloc(1, sizeof(*recovery));
	recovery->file = buf_take(data_file);
	if (sealed_data_read(buf_bytes(&recovery->file), &recovery->data, &recovery->damage))
		(void)recovery_data_read(recovery->data.recovery, &recovery->hashes,
			&recovery->is_trial, &recovery->damage);
	return recovery;
}

void recovery_restart(struct recovery *recovery)
{
	for (size_t i = 0; i < recovery->count; i++)
		recovery_part_free(recovery->parts[i]);
	free(recovery->parts);
	recovery->parts = NULL;
	recovery->count = 0;
}

void recovery_free(struct recovery *recovery)
{
	if (!recovery)
		return;
	recovery_restart(recovery);
	strmap_free(&recovery->hashes, NULL);
	buf_free(&recovery->file);
	free(recovery);
}

void recovery_result_free(struct recovery_result *result)
{
	buf_free(&result->state);
	sealing_free(&result->sealing);
	free(result->parts);
	*result = (struct recovery_result){ 0 };
}

/* What stands in the next save: the data as they are, or, where they were lost, anew. */
static void restore_data(const struct recovery *recovery, struct recovery_result *result)
{
	struct buf *data = &result->sealing.recovery;
	struct strmap hashes = { 0 };
	buf_clear(data);
	for (size_t i = 0; i < result->count && result->count > 1; i++) {
		char hash[2 * SHA256_SIZE + 1];
		recovery_hash(buf_bytes(&result->parts[i]->secret), hash);
		strmap_add(&hashes, hash, NULL);
	}
	strmap_sort(&hashes, NULL);
	if (recovery->data.recovery.size)
		buf_put(data, recovery->data.recovery.data, recovery->data.recovery.size);
	else
		recovery_data_put(data, &hashes);
	strmap_free(&hashes, NULL);
}

typedef bool join_function(
	const struct bytes *shares, size_t count, struct buf *secret, struct error *err);

/* Tries the parts of result->parts together. */
static bool try_parts(
	const struct recovery *recovery, join_function *join, struct recovery_result *result)
{
	AUTO(buf_free) struct buf key = { 0 };
	AUTO(auto_free) struct bytes *shares = xcalloc(result->count, sizeof(*shares));
	for (size_t i = 0; i < result->count; i++)
		shares[i] = buf_bytes(&result->parts[i]->secret);
	if (!join(shares, result->count, &key, NULL) || key.size != DATA_KEY_SIZE ||
		!sealed_data_open(&recovery->data, key.data, &result->state, NULL))
		return false;
	memcpy(result->sealing.data_key, key.data, DATA_KEY_SIZE);
	result->sequence = recovery->data.sequence;
	result->remaining = 0;
	restore_data(recovery, result);
	return true;
}

static void choose(const struct recovery *recovery, uint64_t chosen, struct recovery_result *result)
{
	result->count = 0;
	for (size_t i = 0; i < recovery->count; i++) {
		if (chosen >> i & 1)
			result->parts[result->count++] = recovery->parts[i];
	}
}

/* The newest part alone, and with all combinations of the others. */
static void try_combinations(const struct recovery *recovery, struct recovery_result *result)
{
	uint64_t newest = UINT64_C(1) << (recovery->count - 1);
	result->remaining = 1;
	for (uint64_t others = 0; others < newest; others++) {
		choose(recovery, newest | others, result);
		if (try_parts(recovery, shares_join_all, result))
			return;
	}
}

static void try_all(
	const struct recovery *recovery, join_function *join, struct recovery_result *result)
{
	result->count = recovery->count;
	memcpy(result->parts, recovery->parts, recovery->count * sizeof(*recovery->parts));
	result->remaining = recovery->hashes.count - recovery->count;
	(void)try_parts(recovery, join, result);
}

static bool check_size(const struct recovery *recovery, size_t size, struct error *err)
{
	if (size != DATA_KEY_SIZE && size != DATA_KEY_SIZE / 2)
		return error_set(err, ERROR_INVALID, "invalid secret length");
	size_t earlier = recovery->count ? recovery->parts[0]->secret.size : size;
	return size == earlier ||
	       error_set(err, ERROR_INVALID,
		       "recovery secrets must match in length: expected %zu, got %zu", earlier,
		       size);
}

static bool check_hash(const struct recovery *recovery, struct bytes secret, struct error *err)
{
	char hash[2 * SHA256_SIZE + 1];
	bool is_known = false;
	recovery_hash(secret, hash);
	for (size_t i = 0; i < recovery->hashes.count; i++)
		is_known |= !strcmp(recovery->hashes.entries[i].name, hash);
	for (size_t i = 0; i < recovery->count; i++)
		is_known &= !bytes_equal(buf_bytes(&recovery->parts[i]->secret), secret);
	return is_known ||
	       error_set(err, ERROR_DENIED, "uploaded an invalid or already used secret");
}

static void keep(struct recovery *recovery, struct bytes secret, struct bytes signature)
{
	struct recovery_part *part = xcalloc(1, sizeof(*part));
	buf_put(&part->secret, secret.data, secret.size);
	buf_put(&part->signature, signature.data, signature.size);
	recovery->parts =
		xreallocarray(recovery->parts, recovery->count + 1, sizeof(*recovery->parts));
	recovery->parts[recovery->count++] = part;
}

bool recovery_add(struct recovery *recovery, struct bytes secret, struct bytes signature,
	struct recovery_result *result, struct error *err)
{
	bool is_shamir = secret.size == SHAMIR_SIZE;
	if (recovery->damage.kind)
		return error_set(err, recovery->damage.kind, "%s", recovery->damage.message);
	if (recovery->is_trial && recovery->count == TRIAL_MAX)
		recovery_restart(recovery);
	if (!(recovery->is_trial ? check_size(recovery, secret.size, err)
				 : check_hash(recovery, secret, err)))
		return false;
	keep(recovery, secret, signature);
	result->parts = xcalloc(recovery->count, sizeof(*result->parts));
	if (recovery->is_trial)
		try_combinations(recovery, result);
	else if (is_shamir)
		try_all(recovery, shares_join_threshold, result);
	else if (recovery->count == recovery->hashes.count)
		try_all(recovery, shares_join_all, result);
	else
		result->remaining = recovery->hashes.count - recovery->count;
	return true;
}
