/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/store.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SEALED_MAX   (256U << 20)
#define KEY_FILE_MAX 4096

struct store {
	char *folder;
	char *data_path;
	char *old_data_path;
	char *key_path;
	int lock;
	bool is_enclave;
	struct seal_keys keys;
	/*
	 * The files open with each other, and nothing is left of an earlier save. Otherwise there
	 * is none, or it is locked, or a save failed and could not be undone.
	 */
	bool is_settled;
	uint64_t sequence; /* of the last save, or attempt */
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
	store->is_enclave = config->keys != NULL;
	if (config->keys)
		store->keys = *config->keys;
	if (!file_make_folders(config->folder, 0700, err) || !take_folder(store, err)) {
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

void stored_free(struct stored *stored)
{
	buf_free(&stored->state);
	sealing_free(&stored->sealing);
	buf_free(&stored->locked);
}

static const struct seal_keys *keys_of(const struct store *store)
{
	return store->is_enclave ? &store->keys : NULL;
}

static bool open_pair(const struct store *store, const struct buf *data_file,
	const struct buf *key_file, struct stored *stored, struct error *err)
{
	struct sealed_data data;
	if (!sealed_key_open(buf_bytes(key_file), buf_bytes(data_file), keys_of(store),
		    stored->sealing.data_key, err) ||
		!sealed_data_read(buf_bytes(data_file), &data, err) ||
		!sealed_data_open(&data, stored->sealing.data_key, &stored->state, err))
		return false;
	buf_clear(&stored->sealing.recovery);
	buf_put(&stored->sealing.recovery, data.recovery.data, data.recovery.size);
	stored->sequence = data.sequence;
	return true;
}

static bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Reads one data file, which then is in stored->locked, and opens it with the key file. */
static bool load_pair(const struct store *store, const char *data_path, const struct buf *key_file,
	struct stored *stored, struct error *err)
{
	buf_clear(&stored->locked);
	return file_read(data_path, SEALED_MAX, &stored->locked, err) &&
	       (open_pair(store, &stored->locked, key_file, stored, err) ||
		       error_prefix(err, "%s", data_path));
}

/*
 * Puts in order what a save left behind that did not end: until the key followed, sealed_data.old
 * is the state in force. Whether that can be done is no matter before the next save.
 */
static void settle(struct store *store, bool is_old_in_force)
{
	if (is_old_in_force)
		store->is_settled = !rename(store->old_data_path, store->data_path) &&
				    file_sync_parent(store->data_path, NULL);
	else
		store->is_settled = !unlink(store->old_data_path) || errno == ENOENT;
}

static bool load(
	struct store *store, enum store_content *content, struct stored *stored, struct error *err)
{
	*content = STORE_EMPTY;
	store->is_settled = false;
	if (!file_exists(store->data_path) && !file_exists(store->old_data_path))
		return true;
	*content = STORE_STATE;
	AUTO(buf_free) struct buf key_file = { 0 };
	struct stored old = { 0 };
	bool has_key = file_read(store->key_path, KEY_FILE_MAX, &key_file, err);
	bool is_new = load_pair(store, store->data_path, &key_file, stored, has_key ? err : NULL);
	bool is_old = !is_new && load_pair(store, store->old_data_path, &key_file, &old, NULL);
	if (is_old) {
		stored_free(stored);
		*stored = old;
	} else {
		if (!stored->locked.size) /* a crash between two names */
			stored->locked = buf_take(&old.locked);
		stored_free(&old);
	}
	if (is_new || is_old) {
		settle(store, is_old);
		return true;
	}
	*content = STORE_LOCKED;
	return err->kind == ERROR_DENIED || err->kind == ERROR_NOT_FOUND ||
	       (!has_key && err->kind == ERROR_INVALID);
}

bool store_load(
	struct store *store, enum store_content *content, struct stored *stored, struct error *err)
{
	bool good = load(store, content, stored, err);
	if (*content == STORE_STATE)
		store->sequence = stored->sequence;
	return good;
}

void store_continue(struct store *store, uint64_t sequence)
{
	if (store->sequence < sequence)
		store->sequence = sequence;
}

/* After a save that could not be undone: what is on disk now? */
static void look_again(struct store *store)
{
	enum store_content content;
	struct stored stored = { 0 };
	struct error err = { 0 };
	(void)load(store, &content, &stored, &err);
	stored_free(&stored);
}

/* Writes PATH.tmp, synced. */
static bool write_beside(const char *path, const struct buf *content, struct error *err)
{
	AUTO(auto_free) char *temporary = xasprintf("%s.tmp", path);
	return file_write_new(temporary, content->data, content->size, 0600, err);
}

/* What write_beside left takes the place of the present data file, if any, which is kept. */
static bool exchange_data(const struct store *store, struct error *err)
{
	AUTO(auto_free) char *temporary = xasprintf("%s.tmp", store->data_path);
	if (rename(store->data_path, store->old_data_path) && errno != ENOENT)
		return error_errno(err, "cannot keep %s", store->data_path);
	if (rename(temporary, store->data_path))
		return error_errno(err, "cannot replace %s", store->data_path);
	return file_sync_parent(store->data_path, err);
}

static bool replace(const char *path, const struct buf *content, struct error *err)
{
	return file_replace(path, content->data, content->size, 0600, err);
}

/* The key file that there is stays where it says the same already, as it does outside of enclaves.
 */
static bool replace_key(const struct store *store, const struct buf *before,
	const struct buf *key_file, struct error *err)
{
	return bytes_equal(buf_bytes(before), buf_bytes(key_file)) ||
	       replace(store->key_path, key_file, err);
}

/* What there was before a save, to be put back if that fails. */
struct before {
	bool has_data;
	bool has_key;
	struct buf key;
};

static bool read_before(const struct store *store, struct before *before, struct error *err)
{
	*before = (struct before){ .has_data = file_exists(store->data_path) ||
					       file_exists(store->old_data_path) };
	before->has_key = file_exists(store->key_path);
	return !before->has_key || file_read(store->key_path, KEY_FILE_MAX, &before->key, err);
}

/* Where this fails as well, the next save looks at what there is. */
static void undo(struct store *store, const struct before *before)
{
	AUTO(buf_free) struct buf key = { 0 };
	if (before->has_key)
		(void)(file_read(store->key_path, KEY_FILE_MAX, &key, NULL) &&
			replace_key(store, &key, &before->key, NULL));
	else
		(void)unlink(store->key_path);
	if (file_exists(store->old_data_path))
		(void)rename(store->old_data_path, store->data_path);
	else if (!before->has_data)
		(void)unlink(store->data_path);
	store->is_settled = false;
}

/*
 * Where nothing can be opened, the key comes first: a key without its data counts as none, and data
 * that wait for a recovery stay until they are replaced as a whole.
 */
static bool put_both(struct store *store, const struct before *before, const struct buf *key_file,
	struct error *err)
{
	if (store->is_settled)
		return exchange_data(store, err) && replace_key(store, &before->key, key_file, err);
	return replace_key(store, &before->key, key_file, err) && exchange_data(store, err);
}

static bool save_files(struct store *store, const struct buf *data_file, const struct buf *key_file,
	struct error *err)
{
	struct before before;
	bool saved =
		read_before(store, &before, err) && write_beside(store->data_path, data_file, err);
	if (saved && !put_both(store, &before, key_file, err)) {
		undo(store, &before);
		saved = false;
	} else if (saved) {
		settle(store, false);
	}
	buf_free(&before.key);
	return saved;
}

bool store_save(struct store *store, struct bytes state, const struct sealing *sealing,
	enum seal_mode mode, uint64_t *sequence, struct error *err)
{
	AUTO(buf_free) struct buf data_file = { 0 };
	AUTO(buf_free) struct buf key_file = { 0 };
	if (!store->is_settled)
		look_again(store);
	*sequence = ++store->sequence;
	return sealed_data_put(state, *sequence, sealing, &data_file, err) &&
	       sealed_key_put(sealing->data_key, buf_bytes(&data_file), mode, keys_of(store),
		       &key_file, err) &&
	       save_files(store, &data_file, &key_file, err);
}

static bool remove_file(const char *path, struct error *err)
{
	return !unlink(path) || errno == ENOENT || error_errno(err, "cannot remove %s", path);
}

bool store_forget(struct store *store, struct error *err)
{
	store->is_settled = false;
	/* in this order there is all of a state or none at any moment */
	if (!remove_file(store->old_data_path, err) || !remove_file(store->data_path, err) ||
		!file_sync_parent(store->data_path, err))
		return false;
	(void)unlink(store->key_path); /* of nothing */
	return true;
}
