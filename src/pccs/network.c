/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/network.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "pccs/pck_cache.h"
#include "pccs/set_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define ENTRIES_MAX     32    /* kinds of platforms, each with its CA */
#define SILENCE_MAX     10000 /* milliseconds */
#define FETCH_MAX       30000 /* milliseconds for all parts of a set with all attempts */
#define REFRESH_HOURS   24    /* revocations are to be noticed, too */
#define REFRESH_LEAST   60    /* seconds between two refreshments */
#define FAILURE_LASTS   10000 /* milliseconds until somebody may try again what failed */
#define RETRY_DELAY_MAX 3600  /* seconds between two attempts to refresh ... */
#define DOUBLINGS       6     /* ... after so many doublings of the first delay */
#define MILLISECONDS    1000  /* of a second */
#define ID_SIZE         8     /* bytes of a hash, in the names of cached files */

/* What is known about the collateral of one kind of platform. */
struct entry {
	uint8_t fmspc[PCK_FMSPC_SIZE];
	bool is_tdx;
	struct certificate pck_ca; /* a copy; its der is empty in an entry that is free */
	const struct anchor *anchor;
	struct collateral *set; /* NULL while there is none */
	int64_t due;            /* on the steady clock; when it is to be fetched again */
	bool is_fetching;       /* by one thread, which may read what is above */
	bool was_read;          /* the cached file, if there is one */
	unsigned failures;      /* in a row */
	int64_t failed_at;      /* on the steady clock */
	struct error failure;   /* the last one; ERROR_NONE after a success */
	uint64_t used;          /* when, counted in uses */
};

struct network_source {
	struct collateral_source source; /* first, so that it is the same pointer */
	struct pccs_service service;
	char *cache_folder;
	int64_t refresh_seconds;
	int64_t refresh_least;
	bool refreshes_in_background;
	int give_up[2]; /* a pipe; readable at the end */
	struct pck_cache *certificates;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct entry entries[ENTRIES_MAX];
	uint64_t uses;
	pthread_t refresher;
	bool has_refresher;
	bool is_ending;
};

static bool is_free(const struct entry *entry)
{
	return !entry->pck_ca.der.size;
}

static void clear_entry(struct entry *entry)
{
	certificate_free(&entry->pck_ca);
	if (entry->set)
		collateral_release(entry->set);
	*entry = (struct entry){ 0 };
}

static struct entry *find_entry(
	struct network_source *self, const struct collateral_request *request)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &self->entries[i];
		if (!is_free(entry) && entry->is_tdx == request->is_tdx &&
			!memcmp(entry->fmspc, request->fmspc, PCK_FMSPC_SIZE) &&
			!memcmp(entry->pck_ca.point, request->pck_ca->point, P256_RAW_SIZE))
			return entry;
	}
	return NULL;
}

/* In the place of the one that was not used for longest. */
static struct entry *add_entry(
	struct network_source *self, const struct collateral_request *request, struct error *err)
{
	struct entry *place = NULL;
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &self->entries[i];
		if (!entry->is_fetching && (!place || entry->used < place->used))
			place = entry;
	}
	struct certificate copy;
	if (!place) {
		error_set(err, ERROR_UNAVAILABLE,
			"collateral of too many kinds of platforms is being fetched: try again "
			"later");
		return NULL;
	}
	if (!certificate_read(buf_bytes(&request->pck_ca->der), &copy, err))
		return NULL;
	clear_entry(place);
	memcpy(place->fmspc, request->fmspc, PCK_FMSPC_SIZE);
	place->is_tdx = request->is_tdx;
	place->pck_ca = copy;
	place->anchor = request->anchor;
	return place;
}

/* The file is told from others by all that makes a set another one. */
static char *cache_path(const struct network_source *self, const struct entry *entry)
{
	char fmspc[2 * PCK_FMSPC_SIZE + 1];
	char id[2 * ID_SIZE + 1];
	uint8_t digest[SHA256_SIZE];
	AUTO(buf_free) struct buf bound = { 0 };
	hex_format(fmspc, entry->fmspc, PCK_FMSPC_SIZE);
	buf_printf(
		&bound, "%s %d ", self->service.config.service, self->service.config.wants_early);
	buf_put(&bound, entry->pck_ca.point, P256_RAW_SIZE);
	sha256(bound.data, bound.size, digest);
	hex_format(id, digest, ID_SIZE);
	return xasprintf(
		"%s/%s-%s-%s", self->cache_folder, fmspc, entry->is_tdx ? "tdx" : "sgx", id);
}

static struct collateral *make_set(const struct network_source *self, const struct entry *entry,
	const struct buf files[COLLATERAL_FILES], int64_t now, struct error *err)
{
	const struct pccs_wanted wanted = { entry->fmspc, entry->is_tdx, &entry->pck_ca,
		entry->anchor };
	return pccs_wanted_verify(&wanted, self->service.config.service, files, now, err);
}

/* Long before its end, and again if the service has nothing newer then. On the steady clock. */
static int64_t due_after(const struct network_source *self, const struct collateral *set,
	int64_t fetched_at, int64_t now)
{
	int64_t half = (collateral_validity(set).end - fetched_at) / 2;
	int64_t wait = half < self->refresh_seconds ? half : self->refresh_seconds;
	if (wait < self->refresh_least)
		wait = self->refresh_least;
	return clock_steady() + (fetched_at + wait - now) * MILLISECONDS;
}

/* A set that was read or fetched. */
struct found {
	struct collateral *set; /* NULL for none */
	int64_t due;            /* on the steady clock */
};

static struct found read_cached(
	const struct network_source *self, const struct entry *entry, int64_t now)
{
	AUTO(pccs_set_free) struct pccs_set cached = { 0 };
	AUTO(auto_free) char *path = self->cache_folder ? cache_path(self, entry) : NULL;
	struct found found = { 0 };
	struct error reason = { 0 };
	int64_t fetched_at;
	if (!path)
		return found;
	if (set_file_read(path, cached.files, &fetched_at, &reason))
		found.set = make_set(self, entry, cached.files, now, &reason);
	if (found.set)
		/* when it was fetched is what anybody could have written */
		found.due = fetched_at >= 0 && fetched_at <= now
				    ? due_after(self, found.set, fetched_at, now)
				    : clock_steady();
	else if (reason.kind != ERROR_NOT_FOUND)
		log_info("Collateral in the cache is of no use", "file", path, "error",
			reason.message);
	return found;
}

static void write_cached(const struct network_source *self, const struct entry *entry,
	const struct pccs_set *fetched, int64_t now)
{
	AUTO(auto_free) char *path = self->cache_folder ? cache_path(self, entry) : NULL;
	struct error reason = { 0 };
	if (path && (!file_make_folders(self->cache_folder, 0755, &reason) ||
			    !set_file_write(path, fetched->files, now, &reason)))
		log_warn("Collateral cannot be kept on disk", "error", reason.message);
}

/* From the service; what it sends must not be older than `known`, unless NULL. */
static struct found fetch_set(const struct network_source *self, const struct entry *entry,
	const struct collateral *known, int64_t now, struct error *err)
{
	AUTO(pccs_set_free) struct pccs_set fetched = { 0 };
	const struct net_limits limits = { SILENCE_MAX, clock_steady() + FETCH_MAX,
		&self->give_up[0] };
	const struct pccs_wanted wanted = { entry->fmspc, entry->is_tdx, &entry->pck_ca,
		entry->anchor };
	struct found found = { 0 };
	if (!pccs_service_fetch(&self->service, &wanted, &limits, &fetched, err))
		return found;
	AUTO(auto_collateral)
	struct collateral *set = make_set(self, entry, fetched.files, now, err);
	const char *older = set && known ? collateral_find_older_part(set, known) : NULL;
	if (older)
		error_set(err, ERROR_DENIED, "its %s is older than what it had before", older);
	if (set && !older) {
		write_cached(self, entry, &fetched, now);
		found.due = due_after(self, set, now, now);
		found.set = TAKE(set);
	} else {
		error_prefix(err, "collateral of %s", self->service.config.service);
	}
	return found;
}

static void install(struct entry *entry, struct found found)
{
	if (entry->set)
		collateral_release(entry->set);
	entry->set = found.set;
	entry->due = found.due;
	entry->failures = 0;
	entry->failure.kind = ERROR_NONE;
}

static void warn_of_outage(const struct network_source *self, const struct entry *entry)
{
	char fmspc[2 * PCK_FMSPC_SIZE + 1];
	char end[CLOCK_TEXT_SIZE];
	hex_format(fmspc, entry->fmspc, PCK_FMSPC_SIZE);
	clock_format_utc(end, collateral_validity(entry->set).end);
	log_warn("Collateral cannot be refreshed. What there is stays in use until it expires.",
		"service", self->service.config.service, "fmspc", fmspc, "validUntil", end, "error",
		entry->failure.message);
}

static void note_failure(
	const struct network_source *self, struct entry *entry, const struct error *failure)
{
	int64_t delay = RETRY_DELAY_MAX;
	if (entry->failures < DOUBLINGS)
		delay = self->refresh_least << entry->failures;
	entry->failure = *failure;
	entry->failures++;
	entry->failed_at = clock_steady();
	entry->due = entry->failed_at + delay * MILLISECONDS;
	if (entry->set && !self->is_ending)
		warn_of_outage(self, entry);
}

/* Fetches what the entry needs, with the lock held before and afterwards but not meanwhile. */
static void fetch(struct network_source *self, struct entry *entry, int64_t now)
{
	struct error failure = { 0 };
	struct collateral *known = entry->set ? collateral_keep(entry->set) : NULL;
	struct found cached = { 0 };
	struct found fetched = { 0 };
	bool reads = !entry->was_read;
	entry->is_fetching = true;
	pthread_mutex_unlock(&self->lock);
	if (reads)
		cached = read_cached(self, entry, now);
	if (cached.set && !known)
		known = collateral_keep(cached.set);
	/* what is due is no reason to wait where somebody refreshes it in the background */
	if (!cached.set || (cached.due <= clock_steady() && !self->refreshes_in_background))
		fetched = fetch_set(self, entry, known, now, &failure);
	if (known)
		collateral_release(known);
	pthread_mutex_lock(&self->lock);
	if (cached.set)
		install(entry, cached);
	if (fetched.set)
		install(entry, fetched);
	else if (failure.kind)
		note_failure(self, entry, &failure);
	entry->was_read = true;
	entry->is_fetching = false;
	pthread_cond_broadcast(&self->changed);
}

/* The entry that is to be fetched next, and no other thread does; NULL for none. */
static struct entry *next_due(struct network_source *self)
{
	struct entry *next = NULL;
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		struct entry *entry = &self->entries[i];
		if (entry->set && !entry->is_fetching && (!next || entry->due < next->due))
			next = entry;
	}
	return next;
}

static void *refresh(void *context)
{
	struct network_source *self = context;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are for the main thread */
	pthread_mutex_lock(&self->lock);
	while (!self->is_ending) {
		struct entry *next = next_due(self);
		int64_t due = next ? next->due : 0;
		const struct timespec until = { .tv_sec = (time_t)(due / MILLISECONDS),
			.tv_nsec = due % MILLISECONDS * 1000000 };
		if (next && due <= clock_steady())
			fetch(self, next, clock_now());
		else if (next)
			pthread_cond_timedwait(&self->changed, &self->lock, &until);
		else
			pthread_cond_wait(&self->changed, &self->lock);
	}
	pthread_mutex_unlock(&self->lock);
	return NULL;
}

static void have_refresher(struct network_source *self)
{
	if (!self->refreshes_in_background || self->has_refresher || self->is_ending)
		return;
	/* if there is no thread to be had now, there may be one the next time */
	self->has_refresher = pthread_create(&self->refresher, NULL, refresh, self) == 0;
}

/* The entry's set if it is of this time. The caller releases it. */
static struct collateral *use_set(struct network_source *self, struct entry *entry, int64_t now)
{
	if (!entry->set || !collateral_check_dates(entry->set, now, NULL))
		return NULL;
	entry->used = ++self->uses;
	return collateral_keep(entry->set);
}

/* Whoever asks may have to fetch: nobody does, or nobody has but long ago. */
static bool may_fetch(const struct network_source *self, const struct entry *entry)
{
	return !self->is_ending &&
	       (!entry->failure.kind || entry->failed_at + FAILURE_LASTS <= clock_steady());
}

static bool is_due(const struct network_source *self, const struct entry *entry)
{
	return !self->refreshes_in_background && entry->due <= clock_steady();
}

static void tell_why_not(
	const struct network_source *self, const struct entry *entry, struct error *err)
{
	if (self->is_ending)
		error_set(err, ERROR_UNAVAILABLE, "given up, as the program ends");
	else if (entry->failure.kind)
		error_set(err, entry->failure.kind, "%s", entry->failure.message);
	else
		error_set(err, ERROR_UNAVAILABLE, "others need more of the cache: try again later");
}

/* With the lock. */
static struct collateral *wait_for_set(
	struct network_source *self, const struct collateral_request *request, struct error *err)
{
	bool has_fetched = false;
	for (;;) {
		struct entry *entry = find_entry(self, request);
		if (!entry)
			entry = add_entry(self, request, err);
		if (!entry)
			return NULL;
		struct collateral *set = use_set(self, entry, request->now);
		bool should_fetch = !has_fetched && (!set || is_due(self, entry));
		if (set && (!should_fetch || entry->is_fetching || !may_fetch(self, entry))) {
			have_refresher(self);
			return set;
		}
		if (set)
			collateral_release(set);
		if (entry->is_fetching) {
			pthread_cond_wait(&self->changed, &self->lock);
		} else if (should_fetch && may_fetch(self, entry)) {
			fetch(self, entry, request->now);
			has_fetched = true;
		} else {
			tell_why_not(self, entry, err);
			return NULL;
		}
	}
}

/* With the lock. */
static struct collateral *get_at_once(
	struct network_source *self, const struct collateral_request *request, struct error *err)
{
	struct entry *entry = find_entry(self, request);
	struct collateral *set = entry ? use_set(self, entry, request->now) : NULL;
	if (set)
		return set;
	if (entry && !entry->is_fetching && !may_fetch(self, entry))
		tell_why_not(self, entry, err);
	else
		error_set(err, ERROR_WOULD_WAIT, "collateral has to be fetched first");
	return NULL;
}

static struct collateral *get(struct collateral_source *source,
	const struct collateral_request *request, struct error *err)
{
	struct network_source *self = (struct network_source *)source;
	pthread_mutex_lock(&self->lock);
	struct collateral *set = request->is_hurried ? get_at_once(self, request, err)
						     : wait_for_set(self, request, err);
	pthread_mutex_unlock(&self->lock);
	return set;
}

static bool put_pck(struct collateral_source *source, const struct pck_request *request,
	struct buf *pem, struct error *err)
{
	return pck_cache_put(((struct network_source *)source)->certificates, request, pem, err);
}

void network_source_give_up(struct collateral_source *source)
{
	struct network_source *self = (struct network_source *)source;
	pthread_mutex_lock(&self->lock);
	self->is_ending = true;
	(void)!write(self->give_up[1], "", 1);
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
	pck_cache_give_up(self->certificates);
}

static void close_source(struct collateral_source *source)
{
	struct network_source *self = (struct network_source *)source;
	network_source_give_up(source);
	if (self->has_refresher)
		pthread_join(self->refresher, NULL);
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		clear_entry(&self->entries[i]);
	pck_cache_free(self->certificates);
	pccs_service_close(&self->service);
	auto_close(&self->give_up[0]);
	auto_close(&self->give_up[1]);
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
	free(self->cache_folder);
	free(self);
}

/* What is waited for with a time is waited for on the steady clock. */
static void start_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct collateral_source *network_source_open(struct network_config *config, struct error *err)
{
	uint32_t hours = config->service.expire_hours;
	struct network_source *self = xcalloc(1, sizeof(*self));
	self->source = (struct collateral_source){ get, put_pck, close_source };
	self->cache_folder = config->cache_folder ? xstrdup(config->cache_folder) : NULL;
	self->refresh_seconds = (int64_t)(hours ? hours : REFRESH_HOURS) * 3600;
	self->refresh_least = config->refresh_least ? config->refresh_least : REFRESH_LEAST;
	self->refreshes_in_background = config->refreshes_in_background;
	self->give_up[0] = self->give_up[1] = -1;
	self->certificates = pck_cache_new(&self->service, self->cache_folder, &self->give_up[0]);
	pthread_mutex_init(&self->lock, NULL);
	start_condition(&self->changed);
	if (pccs_service_open(&self->service, &config->service, config->ca_file, err) &&
		(!pipe2(self->give_up, O_CLOEXEC) || error_errno(err, "cannot make a pipe")))
		return &self->source;
	close_source(&self->source);
	return NULL;
}
