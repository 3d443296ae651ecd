/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/collateral_folder.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/digest.h"
#include "dcap/signed_document.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SETS_MAX  32 /* kinds of platforms whose collateral is kept verified */
#define CHAIN_MAX 65536
/* Longer than the steps of any file system's clock. */
#define SETTLED_AFTER 2 /* seconds */

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

/* What tells one state of a file from another without reading it. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

struct stamps {
	struct stamp files[COLLATERAL_FILES];
	/*
	 * False while a file is so young, or the system tells so little about its age, that it
	 * could change once more under the same stamp.
	 */
	bool are_settled;
};

/* One verified set and the state of the files it was made of. */
struct entry {
	char *path;
	struct stamps stamps;
	uint8_t hash[SHA256_SIZE]; /* of all contents */
	struct collateral *collateral;
	uint64_t used; /* when, counted in uses */
};

struct collateral_folder {
	char *path;
	const struct anchor *anchor;
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
	const char *path, const struct anchor *anchor, struct error *err)
{
	if (!is_folder(path)) {
		error_set(err, ERROR_NOT_FOUND, "there is no folder %s with collateral", path);
		return NULL;
	}
	struct collateral_folder *folder = xcalloc(1, sizeof(*folder));
	folder->path = xstrdup(path);
	folder->anchor = anchor;
	pthread_mutex_init(&folder->lock, NULL);
	return folder;
}

static void clear_entry(struct entry *entry)
{
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

/* A file that cannot be seen leaves zeros: reading it will say why. */
static struct stamps take_stamps(const char *path)
{
	struct stamps stamps = { .are_settled = true };
	struct timespec now;
	/* once, as the way to the folder costs more than to look into it; -1 finds nothing */
	AUTO(auto_close) int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		struct stat info = { 0 };
		if (fstatat(folder, sources[i].name, &info, 0) != 0)
			info = (struct stat){ 0 };
		stamps.files[i] = (struct stamp){ info.st_dev, info.st_ino, info.st_size,
			info.st_mtim, info.st_ctim };
		if (!info.st_mtim.tv_sec || info.st_mtim.tv_sec + SETTLED_AFTER > now.tv_sec)
			stamps.are_settled = false;
	}
	return stamps;
}

static bool time_equal(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool stamps_equal(const struct stamps *a, const struct stamps *b)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		const struct stamp *x = &a->files[i];
		const struct stamp *y = &b->files[i];
		if (x->device != y->device || x->inode != y->inode || x->size != y->size ||
			!time_equal(&x->modified, &y->modified) ||
			!time_equal(&x->changed, &y->changed))
			return false;
	}
	return true;
}

static bool is_for(const struct entry *entry, const char *path, const struct certificate *pck_ca)
{
	return entry->path && !strcmp(entry->path, path) &&
	       !memcmp(entry->collateral->pck_ca_point, pck_ca->point, P256_RAW_SIZE);
}

/*
 * The kept set of this folder and CA, if its files are still as `stamps` says or if `hash`, unless
 * NULL, says that their contents are the same; then the stamps are the new ones from now on.
 */
static struct collateral *find_kept(struct collateral_folder *folder, const char *path,
	const struct certificate *pck_ca, const struct stamps *stamps, const uint8_t *hash)
{
	struct collateral *found = NULL;
	pthread_mutex_lock(&folder->lock);
	for (size_t i = 0; i < SETS_MAX && !found; i++) {
		struct entry *entry = &folder->entries[i];
		if (!is_for(entry, path, pck_ca))
			continue;
		bool is_same =
			hash ? !memcmp(entry->hash, hash, SHA256_SIZE)
			     : entry->stamps.are_settled && stamps_equal(&entry->stamps, stamps);
		if (!is_same)
			break;
		entry->stamps = *stamps;
		entry->used = ++folder->uses;
		found = collateral_keep(entry->collateral);
	}
	pthread_mutex_unlock(&folder->lock);
	return found;
}

/* In place of the same folder's older set, or of the one that was not used for longest. */
static void keep(struct collateral_folder *folder, const char *path, const struct stamps *stamps,
	const uint8_t hash[SHA256_SIZE], struct collateral *collateral)
{
	pthread_mutex_lock(&folder->lock);
	struct entry *place = &folder->entries[0];
	for (size_t i = 0; i < SETS_MAX; i++) {
		struct entry *entry = &folder->entries[i];
		if (entry->path && !strcmp(entry->path, path)) {
			place = entry;
			break;
		}
		if (entry->used < place->used)
			place = entry;
	}
	clear_entry(place);
	place->path = xstrdup(path);
	place->stamps = *stamps;
	memcpy(place->hash, hash, SHA256_SIZE);
	place->collateral = collateral_keep(collateral);
	place->used = ++folder->uses;
	pthread_mutex_unlock(&folder->lock);
}

struct contents {
	struct buf files[COLLATERAL_FILES];
};

static void free_contents(struct contents *contents)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&contents->files[i]);
}

bool collateral_folder_read(const char *path, struct buf files[COLLATERAL_FILES], struct error *err)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		AUTO(auto_free) char *file = xasprintf("%s/%s", path, sources[i].name);
		if (!file_read(file, sources[i].max, &files[i], err))
			return false;
	}
	return true;
}

const char *collateral_file_name(enum collateral_file file)
{
	return sources[file].name;
}

size_t collateral_file_max(enum collateral_file file)
{
	return sources[file].max;
}

static bool read_contents(
	const char *path, struct contents *out, uint8_t hash[SHA256_SIZE], struct error *err)
{
	AUTO(buf_free) struct buf hashes = { 0 };
	if (!collateral_folder_read(path, out->files, err))
		return false;
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		sha256(out->files[i].data, out->files[i].size, buf_extend(&hashes, SHA256_SIZE));
	sha256(hashes.data, hashes.size, hash);
	return true;
}

static struct collateral *read_again(struct collateral_folder *folder, const char *path,
	const struct certificate *pck_ca, const struct stamps *stamps, struct error *err)
{
	AUTO(free_contents) struct contents contents = { 0 };
	uint8_t hash[SHA256_SIZE];
	if (!read_contents(path, &contents, hash, err))
		return NULL;
	struct collateral *collateral = find_kept(folder, path, pck_ca, stamps, hash);
	if (collateral)
		return collateral;
	AUTO(auto_free) char *remedy = xasprintf("refresh the collateral in %s", path);
	collateral = collateral_new(path, remedy, contents.files, folder->anchor, pck_ca, err);
	if (collateral)
		keep(folder, path, stamps, hash, collateral);
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

struct collateral *collateral_folder_get(struct collateral_folder *folder,
	const uint8_t fmspc[PCK_FMSPC_SIZE], bool is_tdx, const struct certificate *pck_ca,
	struct error *err)
{
	AUTO(auto_free) char *sgx_folder = collateral_folder_of(folder->path, fmspc);
	const char *path = sgx_folder;
	AUTO(auto_free) char *tdx_folder = is_tdx ? xasprintf("%s/tdx", path) : NULL;
	if (tdx_folder && is_folder(tdx_folder))
		path = tdx_folder;
	/* stamps first: a change while reading is then seen at the next use */
	struct stamps stamps = take_stamps(path);
	struct collateral *collateral = find_kept(folder, path, pck_ca, &stamps, NULL);
	if (collateral)
		return collateral;
	collateral = read_again(folder, path, pck_ca, &stamps, err);
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
