/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/collateral_folder.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "dcap/collateral_stamps.h"
#include "dcap/signed_document.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SETS_MAX  32 /* kinds of platforms whose collateral is kept verified */
#define CHAIN_MAX 65536

static const struct {
	const char *name;
	size_t max;
} sources[COLLATERAL_FILES] = {
	[COLLATERAL_TCB_INFO] = { "tcb_info.json", SIGNED_DOCUMENT_MAX },
	[COLLATERAL_TCB_INFO_CHAIN] = { "tcb_info_issuer_chain.pem", CHAIN_MAX },
	[COLLATERAL_QE_IDENTITY] = { "qe_identity.json", SIGNED_DOCUMENT_MAX },
	[COLLATERAL_QE_IDENTITY_CHAIN] = { "qe_identity_issuer_chain.pem", CHAIN_MAX },
	[COLLATERAL_PCK_CRL] = { "pck.crl", CRL_MAX },
	[COLLATERAL_ROOT_CRL] = { "root_ca.crl", CRL_MAX },
};

/* What a set is for. */
struct key {
	const uint8_t *fmspc;
	bool is_tdx;
	const struct certificate *pck_ca;
};

struct contents {
	struct buf files[COLLATERAL_FILES];
};

/* One verified set and the state of the files it was made of. */
struct entry {
	uint8_t fmspc[PCK_FMSPC_SIZE];
	bool is_tdx;
	char *path; /* the folder with the files; NULL in an entry that is free */
	struct stamps stamps;
	struct contents contents; /* as they were read */
	struct collateral *collateral;
	int64_t looked_at; /* clock_steady() when the files were last looked at */
	uint64_t used;     /* when, counted in uses */
};

struct collateral_folder {
	char *path;
	const struct anchor *anchor;
	int64_t look_again;   /* milliseconds for which files are taken to be as they were */
	pthread_mutex_t lock; /* guards what follows */
	struct entry entries[SETS_MAX];
	uint64_t uses;
};

static bool is_folder(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

struct collateral_folder *collateral_folder_open(
	const char *path, const struct anchor *anchor, unsigned look_again, struct error *err)
{
	if (!is_folder(path)) {
		error_set(err, ERROR_NOT_FOUND, "there is no folder %s with collateral", path);
		return NULL;
	}
	struct collateral_folder *folder = xcalloc(1, sizeof(*folder));
	folder->path = xstrdup(path);
	folder->anchor = anchor;
	folder->look_again = look_again;
	pthread_mutex_init(&folder->lock, NULL);
	return folder;
}

static void free_contents(struct contents *contents)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&contents->files[i]);
}

static bool contents_equal(const struct contents *a, const struct contents *b)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		if (!bytes_equal(buf_bytes(&a->files[i]), buf_bytes(&b->files[i])))
			return false;
	}
	return true;
}

static void clear_entry(struct entry *entry)
{
	free_contents(&entry->contents);
	free(entry->path);
	if (entry->collateral)
		collateral_release(entry->collateral);
	*entry = (struct entry){ 0 };
}

void collateral_folder_close(struct collateral_folder *folder)
{
	for (size_t i = 0; i < SETS_MAX; i++)
		clear_entry(&folder->entries[i]);
	pthread_mutex_destroy(&folder->lock);
	free(folder->path);
	free(folder);
}

/* With the lock. NULL if there is none. */
static struct entry *find_entry(struct collateral_folder *folder, const struct key *key)
{
	for (size_t i = 0; i < SETS_MAX; i++) {
		struct entry *entry = &folder->entries[i];
		if (entry->path && entry->is_tdx == key->is_tdx &&
			!memcmp(entry->fmspc, key->fmspc, PCK_FMSPC_SIZE) &&
			!memcmp(entry->collateral->pck_ca_point, key->pck_ca->point, P256_RAW_SIZE))
			return entry;
	}
	return NULL;
}

/* With the lock. */
static struct collateral *use(struct collateral_folder *folder, struct entry *entry)
{
	entry->used = ++folder->uses;
	return collateral_keep(entry->collateral);
}

/* The kept set of a folder below, if that is as it was. To look at it may take long: no lock then.
 */
static struct collateral *find_fresh_below(
	struct collateral_folder *folder, const struct key *key, const char *path)
{
	struct stamp inner = stamp_of(path);
	pthread_mutex_lock(&folder->lock);
	struct entry *entry = find_entry(folder, key);
	bool is_good = entry && !strcmp(entry->path, path) &&
		       stamp_says_unchanged(&entry->stamps.inner, &inner);
	struct collateral *found = is_good ? use(folder, entry) : NULL;
	pthread_mutex_unlock(&folder->lock);
	return found;
}

/* The kept set, if it is so short ago that its files were looked at that nobody looks again. */
static struct collateral *find_fresh(struct collateral_folder *folder, const struct key *key,
	const struct stamp *outer, bool *is_kept)
{
	struct collateral *found = NULL;
	AUTO(auto_free) char *below = NULL;
	pthread_mutex_lock(&folder->lock);
	struct entry *entry = find_entry(folder, key);
	*is_kept = entry != NULL;
	if (entry && clock_steady() - entry->looked_at < folder->look_again &&
		stamp_says_unchanged(&entry->stamps.outer, outer)) {
		if (strcmp(entry->path, folder->path) != 0)
			below = xstrdup(entry->path);
		else
			found = use(folder, entry);
	}
	pthread_mutex_unlock(&folder->lock);
	return below ? find_fresh_below(folder, key, below) : found;
}

/*
 * The kept set, if it is of this folder and its files are still as `stamps` says or have the same
 * `contents`, unless NULL; then the stamps are the new ones.
 */
static struct collateral *find_unchanged(struct collateral_folder *folder, const struct key *key,
	const char *path, const struct stamps *stamps, const struct contents *contents)
{
	struct collateral *found = NULL;
	pthread_mutex_lock(&folder->lock);
	struct entry *entry = find_entry(folder, key);
	if (entry && !strcmp(entry->path, path)) {
		bool is_same = contents ? contents_equal(&entry->contents, contents)
					: stamps_say_unchanged(&entry->stamps, stamps);
		if (is_same) {
			entry->stamps = *stamps;
			entry->looked_at = clock_steady();
			found = use(folder, entry);
		}
	}
	pthread_mutex_unlock(&folder->lock);
	return found;
}

/* With the lock. A free one was never used. */
static struct entry *least_used(struct collateral_folder *folder)
{
	struct entry *found = &folder->entries[0];
	for (size_t i = 1; i < SETS_MAX; i++) {
		if (folder->entries[i].used < found->used)
			found = &folder->entries[i];
	}
	return found;
}

/*
 * In place of the older set for the same, or of the one that was not used for longest. Takes the
 * contents over.
 */
static void keep(struct collateral_folder *folder, const struct key *key, const char *path,
	const struct stamps *stamps, struct contents *contents, struct collateral *collateral)
{
	pthread_mutex_lock(&folder->lock);
	struct entry *place = find_entry(folder, key);
	if (!place)
		place = least_used(folder);
	clear_entry(place);
	memcpy(place->fmspc, key->fmspc, PCK_FMSPC_SIZE);
	place->is_tdx = key->is_tdx;
	place->path = xstrdup(path);
	place->stamps = *stamps;
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		place->contents.files[i] = buf_take(&contents->files[i]);
	place->collateral = collateral_keep(collateral);
	place->looked_at = clock_steady();
	place->used = ++folder->uses;
	pthread_mutex_unlock(&folder->lock);
}

static bool cannot_open(const char *path, struct error *err)
{
	bool is_missing = errno == ENOENT || errno == ENOTDIR;
	error_errno(err, "cannot read the folder %s", path);
	if (err && is_missing)
		err->kind = ERROR_NOT_FOUND;
	return false;
}

/* Stamps are those of before each file was read: a change meanwhile is seen at the next look. */
static bool read_with_stamps(const char *path, const struct stamp *outer,
	struct buf files[COLLATERAL_FILES], struct stamps *stamps, struct error *err)
{
	AUTO(auto_close) int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return cannot_open(path, err);
	*stamps = stamps_start(outer, folder);
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		struct stat info;
		if (!file_read_at(
			    folder, path, sources[i].name, sources[i].max, &files[i], &info, err))
			return false;
		stamps_put(stamps, (enum collateral_file)i, &info);
	}
	return true;
}

bool collateral_folder_read(const char *path, struct buf files[COLLATERAL_FILES], struct error *err)
{
	const struct stamp unknown = { 0 };
	struct stamps stamps;
	return read_with_stamps(path, &unknown, files, &stamps, err);
}

const char *collateral_file_name(enum collateral_file file)
{
	return sources[file].name;
}

size_t collateral_file_max(enum collateral_file file)
{
	return sources[file].max;
}

/* The kept set if its files did not change. */
static struct collateral *look_again(struct collateral_folder *folder, const struct key *key,
	const char *path, const struct stamp *outer)
{
	/* once, as the way to the folder costs more than to look into it */
	AUTO(auto_close) int inner = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stamps stamps = stamps_take(outer, inner);
	return find_unchanged(folder, key, path, &stamps, NULL);
}

static struct collateral *read_again(struct collateral_folder *folder, const struct key *key,
	const char *path, const struct stamp *outer, struct error *err)
{
	AUTO(free_contents) struct contents contents = { 0 };
	struct stamps stamps;
	if (!read_with_stamps(path, outer, contents.files, &stamps, err))
		return NULL;
	struct collateral *collateral = find_unchanged(folder, key, path, &stamps, &contents);
	if (collateral)
		return collateral;
	AUTO(auto_free) char *remedy = xasprintf("refresh the collateral in %s", path);
	collateral = collateral_new(path, remedy, contents.files, folder->anchor, key->pck_ca, err);
	if (collateral)
		keep(folder, key, path, &stamps, &contents, collateral);
	else
		error_prefix(err, "collateral in %s", path);
	return collateral;
}

char *collateral_folder_of(const char *path, const uint8_t fmspc[PCK_FMSPC_SIZE])
{
	char digits[2 * PCK_FMSPC_SIZE + 1];
	hex_format(digits, fmspc, PCK_FMSPC_SIZE);
	AUTO(auto_free) char *sub_folder = xasprintf("%s/%s", path, digits);
	return is_folder(sub_folder) ? TAKE(sub_folder) : xstrdup(path);
}

/* Where the files for this key are. The caller frees. */
static char *path_for(const struct collateral_folder *folder, const struct key *key)
{
	AUTO(auto_free) char *sgx_folder = collateral_folder_of(folder->path, key->fmspc);
	AUTO(auto_free) char *tdx_folder = key->is_tdx ? xasprintf("%s/tdx", sgx_folder) : NULL;
	return tdx_folder && is_folder(tdx_folder) ? TAKE(tdx_folder) : TAKE(sgx_folder);
}

struct collateral *collateral_folder_get(struct collateral_folder *folder,
	const uint8_t fmspc[PCK_FMSPC_SIZE], bool is_tdx, const struct certificate *pck_ca,
	struct error *err)
{
	const struct key key = { fmspc, is_tdx, pck_ca };
	/* first: a change from now on is then seen at the next use */
	const struct stamp outer = stamp_of(folder->path);
	bool is_kept;
	struct collateral *collateral = find_fresh(folder, &key, &outer, &is_kept);
	if (collateral)
		return collateral;
	AUTO(auto_free) char *path = path_for(folder, &key);
	if (is_kept)
		collateral = look_again(folder, &key, path, &outer);
	if (!collateral)
		collateral = read_again(folder, &key, path, &outer, err);
	if (!collateral && err && err->kind == ERROR_NOT_FOUND) {
		char digits[2 * PCK_FMSPC_SIZE + 1];
		hex_format(digits, fmspc, PCK_FMSPC_SIZE);
		error_prefix(err,
			"no collateral for a platform with FMSPC %s, which Intel's PCS or a PCCS "
			"has",
			digits);
	}
	return collateral;
}
