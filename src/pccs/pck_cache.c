/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/pck_cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/reader.h"
#include "crypto/digest.h"
#include "dcap/pck_lookup.h"
#include "pccs/pck_service.h"
#include "sgx/quote.h"

#include <pthread.h>
#include <string.h>

#define ENTRIES_MAX   256
#define SILENCE_MAX   10000 /* milliseconds */
#define FETCH_MAX     30000 /* milliseconds with all attempts */
#define FAILURE_LASTS 10000 /* milliseconds until somebody may try again what failed */
#define FILE_MAX      (SHA256_SIZE + sizeof(int64_t) + 2 * PCK_CHAIN_MAX)
#define MILLISECONDS  1000 /* of a second */
#define FRESH_FOR     600  /* seconds; later a service may have the one of another TCB level */

/* One answer. */
struct entry {
	uint8_t key[SHA256_SIZE];
	struct buf pem;       /* empty: there is none yet */
	int64_t end;          /* of what is in it */
	int64_t fetched_at;   /* on the wall's clock, as on disk */
	int64_t fresh_until;  /* on the steady clock */
	bool is_fetching;     /* by one thread */
	int64_t failed_at;    /* on the steady clock */
	struct error failure; /* of the last attempt; ERROR_NONE after a success */
	uint64_t used;        /* when, counted in uses; 0: the entry is free */
};

struct pck_cache {
	const struct pccs_service *service;
	char *folder;
	const int *give_up;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct entry entries[ENTRIES_MAX];
	uint64_t uses;
	bool is_ending;
};

struct pck_cache *pck_cache_new(
	const struct pccs_service *service, const char *folder, const int *give_up)
{
	struct pck_cache *cache = xcalloc(1, sizeof(*cache));
	cache->service = service;
	cache->folder = folder ? xstrdup(folder) : NULL;
	cache->give_up = give_up;
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->changed, NULL);
	return cache;
}

void pck_cache_free(struct pck_cache *cache)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		buf_free(&cache->entries[i].pem);
	pthread_cond_destroy(&cache->changed);
	pthread_mutex_destroy(&cache->lock);
	free(cache->folder);
	free(cache);
}

void pck_cache_give_up(struct pck_cache *cache)
{
	pthread_mutex_lock(&cache->lock);
	cache->is_ending = true;
	pthread_cond_broadcast(&cache->changed);
	pthread_mutex_unlock(&cache->lock);
}

/* All that decides what the answer is. */
static void make_key(
	const struct pck_cache *cache, const struct pck_request *request, uint8_t key[SHA256_SIZE])
{
	const struct qcnl *config = &cache->service->config;
	AUTO(buf_free) struct buf bound = { 0 };
	buf_printf(&bound, "%s %s ", config->service,
		config->pck_service ? config->pck_service : config->service);
	buf_put(&bound, request->anchor->root.point, P256_RAW_SIZE);
	if (request->name) {
		struct sgx_pck_name name = *request->name;
		if (name.type == SGX_CERT_TYPE_PPID_RSA_2048)
			name.ppid.size = 0; /* no service takes it */
		buf_printf(&bound, "type %d ", (int)name.type);
		buf_put(&bound, request->qe_id, SGX_QE_ID_SIZE);
		sgx_pck_name_put(&bound, &name);
	} else {
		buf_put_text(&bound, certificate_role_name(request->ca));
	}
	sha256(bound.data, bound.size, key);
}

static struct entry *find_entry(struct pck_cache *cache, const uint8_t key[SHA256_SIZE])
{
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &cache->entries[i];
		if (entry->used && !memcmp(entry->key, key, SHA256_SIZE))
			return entry;
	}
	return NULL;
}

/* What failed gives way first, then what was not used for longest. */
static bool goes_before(const struct entry *a, const struct entry *b)
{
	bool is_good = a->pem.size > 0;
	return is_good == (b->pem.size > 0) ? a->used < b->used : !is_good;
}

static struct entry *add_entry(
	struct pck_cache *cache, const uint8_t key[SHA256_SIZE], struct error *err)
{
	struct entry *place = NULL;
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &cache->entries[i];
		if (!entry->is_fetching && (!place || goes_before(entry, place)))
			place = entry;
	}
	if (!place) {
		error_set(err, ERROR_UNAVAILABLE,
			"PCK certificates of too many platforms are being fetched: try again later");
		return NULL;
	}
	buf_free(&place->pem);
	*place = (struct entry){ .used = ++cache->uses };
	memcpy(place->key, key, SHA256_SIZE);
	return place;
}

/* One of 256 places on disk, each with the key of what is in it in front. */
static char *file_path(const struct pck_cache *cache, const uint8_t key[SHA256_SIZE])
{
	return xasprintf("%s/pck-%02x", cache->folder, key[0]);
}

/* What is from the future, as the clock was set back meanwhile, is as good as old. */
static void note_age(struct entry *entry)
{
	int64_t now = clock_now();
	bool is_new = entry->fetched_at <= now && entry->fetched_at > now - FRESH_FOR;
	int64_t left = is_new ? entry->fetched_at + FRESH_FOR - now : 0;
	entry->fresh_until = clock_steady() + left * MILLISECONDS;
}

static void read_kept(
	const struct pck_cache *cache, const struct pck_request *request, struct entry *entry)
{
	AUTO(auto_free) char *path = cache->folder ? file_path(cache, entry->key) : NULL;
	AUTO(buf_free) struct buf content = { 0 };
	if (!path || !file_read(path, FILE_MAX, &content, NULL))
		return;
	struct reader r = reader_of(content.data, content.size);
	uint8_t key[SHA256_SIZE];
	reader_copy(&r, key, sizeof(key));
	entry->fetched_at = (int64_t)reader_u64(&r);
	struct bytes pem = { r.next, r.left };
	if (r.bad || memcmp(key, entry->key, sizeof(key)) != 0 ||
		!pck_answer_check(request, pem, &entry->end, NULL))
		return;
	buf_put(&entry->pem, pem.data, pem.size);
	note_age(entry);
}

static void write_kept(const struct pck_cache *cache, const struct entry *entry)
{
	AUTO(auto_free) char *path = cache->folder ? file_path(cache, entry->key) : NULL;
	AUTO(buf_free) struct buf content = { 0 };
	struct error reason = { 0 };
	buf_put(&content, entry->key, SHA256_SIZE);
	buf_put_u64(&content, (uint64_t)entry->fetched_at);
	buf_put(&content, entry->pem.data, entry->pem.size);
	if (path && (!file_make_folders(cache->folder, 0755, &reason) ||
			    !file_replace(path, content.data, content.size, 0644, &reason)))
		log_warn("A PCK certificate cannot be kept on disk", "error", reason.message);
}

static bool is_fresh(const struct entry *entry)
{
	return entry->pem.size && clock_steady() < entry->fresh_until;
}

/* From the service; what there was stays if that fails. */
static void ask_service(
	const struct pck_cache *cache, const struct pck_request *request, struct entry *entry)
{
	const struct net_limits limits = { SILENCE_MAX, clock_steady() + FETCH_MAX,
		cache->give_up };
	AUTO(buf_free) struct buf pem = { 0 };
	int64_t end;
	if (pccs_pck_fetch(cache->service, request, &limits, &pem, &end, &entry->failure)) {
		buf_free(&entry->pem);
		entry->pem = buf_take(&pem);
		entry->end = end;
		entry->fetched_at = clock_now();
		note_age(entry);
		write_kept(cache, entry);
	} else if (entry->pem.size) {
		log_warn(
			"A PCK certificate cannot be refreshed. The one that there is stays in use.",
			"error", entry->failure.message);
	}
}

/* Fills the entry, with the lock held before and afterwards but not meanwhile. */
static void fetch(struct pck_cache *cache, struct entry *entry, const struct pck_request *request)
{
	struct entry found = {
		.pem = buf_take(&entry->pem),
		.end = entry->end,
		.fetched_at = entry->fetched_at,
		.fresh_until = entry->fresh_until,
		.used = entry->used,
	};
	memcpy(found.key, entry->key, SHA256_SIZE);
	entry->is_fetching = true;
	pthread_mutex_unlock(&cache->lock);
	if (!found.pem.size)
		read_kept(cache, request, &found);
	if (!is_fresh(&found) || request->now > found.end)
		ask_service(cache, request, &found);
	found.failed_at = clock_steady();
	pthread_mutex_lock(&cache->lock);
	*entry = found;
	pthread_cond_broadcast(&cache->changed);
}

static bool failed_lately(const struct entry *entry)
{
	return entry->failure.kind && entry->failed_at + FAILURE_LASTS > clock_steady();
}

/* What there is will do: nobody could have a newer one now. */
static bool is_usable(
	const struct pck_cache *cache, const struct entry *entry, const struct pck_request *request)
{
	return entry->pem.size && request->now <= entry->end &&
	       (is_fresh(entry) || failed_lately(entry) || cache->is_ending);
}

/* With the lock. */
static bool put(struct pck_cache *cache, const uint8_t key[SHA256_SIZE],
	const struct pck_request *request, struct buf *pem, struct error *err)
{
	for (;;) {
		struct entry *entry = find_entry(cache, key);
		if (entry && is_usable(cache, entry, request)) {
			entry->used = ++cache->uses;
			buf_put(pem, entry->pem.data, entry->pem.size);
			return true;
		}
		if (entry && !entry->is_fetching && failed_lately(entry))
			return error_set(err, entry->failure.kind, "%s", entry->failure.message);
		if (request->is_hurried)
			return error_set(
				err, ERROR_WOULD_WAIT, "a PCK certificate has to be fetched first");
		if (cache->is_ending)
			return error_set(err, ERROR_UNAVAILABLE, "given up, as the program ends");
		if (!entry)
			entry = add_entry(cache, key, err);
		if (!entry)
			return false;
		if (entry->is_fetching)
			pthread_cond_wait(&cache->changed, &cache->lock);
		else
			fetch(cache, entry, request);
	}
}

bool pck_cache_put(struct pck_cache *cache, const struct pck_request *request, struct buf *pem,
	struct error *err)
{
	uint8_t key[SHA256_SIZE];
	make_key(cache, request, key);
	pthread_mutex_lock(&cache->lock);
	bool is_there = put(cache, key, request, pem, err);
	pthread_mutex_unlock(&cache->lock);
	return is_there;
}
