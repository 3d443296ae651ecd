/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/quote_signer_cache.h"

#include "base/memory.h"

#include <pthread.h>
#include <string.h>

/* A hash selects a row, in which the places are searched one after the other. */
#define ROWS           128
#define PLACES_PER_ROW 8

struct place {
	uint8_t hash[SHA256_SIZE];
	struct quote_signer *signer; /* NULL: free */
	uint64_t used;               /* when, counted in uses */
};

struct quote_signer_cache {
	pthread_mutex_t lock; /* guards what follows */
	uint64_t uses;
	struct place places[ROWS][PLACES_PER_ROW];
};

struct quote_signer_cache *quote_signer_cache_new(void)
{
	struct quote_signer_cache *cache = xcalloc(1, sizeof(*cache));
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void quote_signer_cache_free(struct quote_signer_cache *cache)
{
	for (size_t i = 0; i < ROWS * PLACES_PER_ROW; i++) {
		struct place *place = &cache->places[i / PLACES_PER_ROW][i % PLACES_PER_ROW];
		if (place->signer)
			quote_signer_release(place->signer);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

void quote_signer_hash(const struct sgx_quote *quote, uint8_t hash[SHA256_SIZE])
{
	const uint8_t *start = quote->attestation_key;
	const uint8_t *end = (const uint8_t *)quote->cert_data.data + quote->cert_data.size;
	sha256(start, (size_t)(end - start), hash);
}

static struct place *find_row(struct quote_signer_cache *cache, const uint8_t *hash)
{
	return cache->places[hash[0] % ROWS];
}

static bool holds(const struct place *place, const uint8_t *hash)
{
	return place->signer && !memcmp(place->hash, hash, SHA256_SIZE);
}

struct quote_signer *quote_signer_cache_get(
	struct quote_signer_cache *cache, const uint8_t hash[SHA256_SIZE])
{
	struct quote_signer *found = NULL;
	pthread_mutex_lock(&cache->lock);
	struct place *row = find_row(cache, hash);
	for (size_t i = 0; i < PLACES_PER_ROW && !found; i++) {
		if (holds(&row[i], hash)) {
			row[i].used = ++cache->uses;
			found = quote_signer_keep(row[i].signer);
		}
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void quote_signer_cache_put(struct quote_signer_cache *cache, const uint8_t hash[SHA256_SIZE],
	struct quote_signer *signer)
{
	pthread_mutex_lock(&cache->lock);
	struct place *row = find_row(cache, hash);
	struct place *place = &row[0];
	for (size_t i = 0; i < PLACES_PER_ROW; i++) {
		bool is_known = holds(&row[i], hash);
		if (is_known || row[i].used < place->used)
			place = &row[i];
		if (is_known)
			break;
	}
	if (place->signer)
		quote_signer_release(place->signer);
	*place = (struct place){ .signer = quote_signer_keep(signer), .used = ++cache->uses };
	memcpy(place->hash, hash, SHA256_SIZE);
	pthread_mutex_unlock(&cache->lock);
}
