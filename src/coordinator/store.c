/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/store.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/reader.h"
#include "crypto/aead.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SEALED_MAX    (256U << 20)
#define KEY_FILE_MAX  4096
#define RECOVERY_MAX  (1U << 20)
#define SEALING_LABEL "marblerun sealing key"

static const char key_info[] = "_sgx_mrsigner";

struct store {
	char *folder;
	char *data_path;
	char *old_data_path;
	char *key_path;
	int lock;
	bool is_sealing;
	uint8_t sealing_key[32]; /* from the seal key; unused outside of an enclave */
	uint8_t data_key[DATA_KEY_SIZE];
};

static bool take_folder(struct store *store, struct error *err)
{
	AUTO(auto_free) char *path = xasprintf("%s/lock", store->folder);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return error_errno(err, "cannot create %s", path);
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (!fcntl(store->lock, F_SETLK, &whole))
		return true;
	if (errno != EACCES && errno != EAGAIN)
		return error_errno(err, "cannot lock %s", path);
	return error_set(err, ERROR_STATE,
		"another Coordinator uses the seal directory %s: stop it, or give this one a "
		"directory of its own (EDG_COORDINATOR_SEAL_DIR)",
		store->folder);
}

struct store *store_open(const struct store_config *config, struct error *err)
{
	struct store *store = xcalloc(1, sizeof(*store));
	store->lock = -1;
	store->folder = xstrdup(config->folder);
	store->data_path = xasprintf("%s/sealed_data", config->folder);
	store->old_data_path = xasprintf("%s/sealed_data.old", config->folder);
	store->key_path = xasprintf("%s/sealed_key", config->folder);
	store->is_sealing = config->seal_key != NULL;
	if ((store->is_sealing && !hkdf_sha256((struct bytes){ config->seal_key, 16 },
					  (struct bytes){ "", 0 }, bytes_of_text(SEALING_LABEL),
					  store->sealing_key, sizeof(store->sealing_key), err)) ||
		!file_make_folders(config->folder, 0700, err) || !take_folder(store, err)) {
		store_close(store);
		return NULL;
	}
	return store;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	auto_close(&store->lock);
	free(store->folder);
	free(store->data_path);
	free(store->old_data_path);
	free(store->key_path);
	memory_wipe(store, sizeof(*store));
	free(store);
}

/* The sealed key is bound to everything in the data file. */
static void hash_data_file(const struct buf *data_file, uint8_t hash[SHA256_SIZE])
{
	sha256(data_file->data, data_file->size, hash);
}

static bool put_key_file(const struct store *store, struct bytes data_key,
	const struct buf *data_file, struct buf *out, struct error *err)
{
	if (!store->is_sealing) {
		buf_put(out, data_key.data, data_key.size);
		return true;
	}
	uint8_t hash[SHA256_SIZE];
	hash_data_file(data_file, hash);
	buf_put_u32(out, sizeof(key_info) - 1);
	buf_put_text(out, key_info);
	return aead_seal((struct bytes){ store->sealing_key, sizeof(store->sealing_key) }, data_key,
		(struct bytes){ hash, sizeof(hash) }, out, err);
}

static bool unseal_key(const struct store *store, const struct buf *key_file,
	const struct buf *data_file, struct buf *data_key, struct error *err)
{
	struct reader r = reader_of(key_file->data, key_file->size);
	uint8_t hash[SHA256_SIZE];
	hash_data_file(data_file, hash);
	size_t info_size = reader_u32(&r);
	const uint8_t *info = reader_bytes(&r, info_size);
	if (r.bad || info_size != sizeof(key_info) - 1 || memcmp(info, key_info, info_size) != 0)
		return error_set(err, ERROR_DENIED, "%s was not sealed by an enclave of this kind",
			store->key_path);
	return aead_open((struct bytes){ store->sealing_key, sizeof(store->sealing_key) },
		(struct bytes){ r.next, r.left }, (struct bytes){ hash, sizeof(hash) }, data_key,
		err);
}

/* Reads the data key that belongs to this data file into store->data_key. */
static bool read_data_key(struct store *store, const struct buf *key_file,
	const struct buf *data_file, struct error *err)
{
	AUTO(buf_free) struct buf data_key = { 0 };
	if (store->is_sealing) {
		if (!unseal_key(store, key_file, data_file, &data_key, err))
			return false;
	} else {
		buf_put(&data_key, key_file->data, key_file->size);
	}
	if (data_key.size != DATA_KEY_SIZE)
		return error_set(err, ERROR_DENIED,
			"%s holds no key that can be used here: was it sealed inside an enclave?",
			store->key_path);
	memcpy(store->data_key, data_key.data, DATA_KEY_SIZE);
	return true;
}

/* Opens the state in a data file: length || recovery data || ciphertext. */
static bool open_data_file(const struct store *store, const struct buf *data_file,
	struct buf *state, struct error *err)
{
	struct reader r = reader_of(data_file->data, data_file->size);
	uint32_t recovery_size = reader_u32(&r);
	if (r.bad)
		return error_set(err, ERROR_INVALID, "sealed state is missing data");
	reader_bytes(&r, recovery_size);
	if (r.bad || recovery_size > RECOVERY_MAX)
		return error_set(err, ERROR_INVALID,
			"sealed state is corrupted, embedded length does not fit the data");
	return aead_open((struct bytes){ store->data_key, DATA_KEY_SIZE },
		(struct bytes){ r.next, r.left }, (struct bytes){ "", 0 }, state, err);
}

/* Tries one data file with the key file. */
static bool load_pair(struct store *store, const char *data_path, const struct buf *key_file,
	struct buf *state, struct error *err)
{
	AUTO(buf_free) struct buf data_file = { 0 };
	return file_read(data_path, SEALED_MAX, &data_file, err) &&
	       ((read_data_key(store, key_file, &data_file, err) &&
			open_data_file(store, &data_file, state, err)) ||
		       error_prefix(err, "%s", data_path));
}

static bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool store_load(
	struct store *store, enum store_content *content, struct buf *state, struct error *err)
{
	*content = STORE_EMPTY;
	if (!file_exists(store->data_path) && !file_exists(store->old_data_path))
		return true;
	*content = STORE_LOCKED;
	AUTO(buf_free) struct buf key_file = { 0 };
	if (!file_read(store->key_path, KEY_FILE_MAX, &key_file, err))
		return err->kind == ERROR_NOT_FOUND || err->kind == ERROR_INVALID;
	if (load_pair(store, store->data_path, &key_file, state, err)) {
		*content = STORE_STATE;
		return true;
	}
	/* a crash between the two files of a save leaves the key with the data before it */
	struct error ignored = { 0 };
	if (load_pair(store, store->old_data_path, &key_file, state, &ignored)) {
		*content = STORE_STATE;
		return true;
	}
	return err->kind == ERROR_DENIED || err->kind == ERROR_NOT_FOUND;
}

static bool save_file(const char *path, const struct buf *content, struct error *err)
{
	return file_replace(path, content->data, content->size, 0600, err);
}

/* Is this data file the one that the key file was sealed for? */
static bool is_pair(const struct store *store, const struct buf *data_file)
{
	struct store probe = *store;
	AUTO(buf_free) struct buf key_file = { 0 };
	AUTO(buf_free) struct buf state = { 0 };
	bool fits = file_read(store->key_path, KEY_FILE_MAX, &key_file, NULL) &&
		    read_data_key(&probe, &key_file, data_file, NULL) &&
		    open_data_file(&probe, data_file, &state, NULL);
	memory_wipe(&probe, sizeof(probe));
	return fits;
}

/*
 * A copy, because Graphene knows no hard links. Data whose key was never written, by a save that a
 * crash or a full disk ended, must not take the place of data that can be opened.
 */
static bool keep_old_data(const struct store *store, struct error *err)
{
	AUTO(buf_free) struct buf data_file = { 0 };
	return file_read(store->data_path, SEALED_MAX, &data_file, err) &&
	       (!is_pair(store, &data_file) || save_file(store->old_data_path, &data_file, err));
}

static bool save_files(struct store *store, const struct buf *data_file, const struct buf *key_file,
	struct error *err)
{
	/* the first time a key without data counts as nothing, data without key would be locked */
	if (!file_exists(store->data_path))
		return save_file(store->key_path, key_file, err) &&
		       save_file(store->data_path, data_file, err);
	return keep_old_data(store, err) && save_file(store->data_path, data_file, err) &&
	       save_file(store->key_path, key_file, err);
}

bool store_save(struct store *store, struct bytes state, const uint8_t data_key[DATA_KEY_SIZE],
	struct error *err)
{
	AUTO(buf_free) struct buf data_file = { 0 };
	AUTO(buf_free) struct buf key_file = { 0 };
	buf_put_u32(&data_file, 4);
	buf_put_text(&data_file, "null"); /* no recovery data */
	struct bytes key = { data_key, DATA_KEY_SIZE };
	if (!aead_seal(key, state, (struct bytes){ "", 0 }, &data_file, err) ||
		!put_key_file(store, key, &data_file, &key_file, err) ||
		!save_files(store, &data_file, &key_file, err))
		return false;
	memmove(store->data_key, data_key, DATA_KEY_SIZE);
	return true;
}

const uint8_t *store_data_key(const struct store *store)
{
	return store->data_key;
}
