/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "coordinator/counters.h"
#include "coordinator/store.h"
#include "crypto/openssl.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct seal_keys enclave = { "the key of the signer, 32 bytes.",
	"the key of the enclave, 32 bytes" };
static const struct seal_keys other_enclave = { "the key of the signer, 32 bytes.",
	"that of another enclave 32 bytes" };
static const struct seal_keys other_machine = { "another key of the same signer..",
	"another one of the same enclave." };
static const uint8_t data_key[DATA_KEY_SIZE] = "a key of thirty-two bytes, fixed";
static const uint8_t id[16] = "this deployment.";

static int make_folder(void **state)
{
	char template[] = "/tmp/test_store.XXXXXX";
	*state = xstrdup(mkdtemp(template));
	return 0;
}

static int remove_folder(void **state)
{
	AUTO(auto_free) char *command = xasprintf("rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command);
}

static struct store *open_store(const char *folder, const struct seal_keys *keys)
{
	const struct store_config config = { folder, keys };
	struct error err = { 0 };
	struct store *store = store_open(&config, &err);
	assert_success(store != NULL, err);
	return store;
}

static enum store_content load(const char *folder, const struct seal_keys *keys, struct buf *state)
{
	struct store *store = open_store(folder, keys);
	enum store_content content;
	struct error err = { 0 };
	AUTO(stored_free) struct stored stored = { 0 };
	assert_success(store_load(store, &content, &stored, &err), err);
	buf_clear(state);
	buf_put(state, stored.state.data, stored.state.size);
	store_close(store);
	return content;
}

/* As a Coordinator does: what is there is loaded first. */
static bool try_to_save(const char *folder, const struct seal_keys *keys, const char *state,
	const uint8_t *data, enum seal_mode mode)
{
	struct store *store = open_store(folder, keys);
	enum store_content content;
	struct error err = { 0 };
	uint64_t sequence;
	AUTO(stored_free) struct stored stored = { 0 };
	AUTO(sealing_free) struct sealing sealing = { 0 };
	(void)store_load(store, &content, &stored, &err);
	memcpy(sealing.data_key, data, DATA_KEY_SIZE);
	buf_put_text(&sealing.recovery, "null");
	bool saved = store_save(store, bytes_of_text(state), &sealing, mode, &sequence, &err);
	store_close(store);
	return saved;
}

static void save(
	const char *folder, const struct seal_keys *keys, const char *state, const uint8_t *data)
{
	assert_true(try_to_save(folder, keys, state, data, SEAL_PRODUCT_KEY));
}

static void what_was_saved_is_loaded(void **state)
{
	const char *folder = *state;
	AUTO(buf_free) struct buf loaded = { 0 };
	assert_int_equal(load(folder, &enclave, &loaded), STORE_EMPTY);
	save(folder, &enclave, "first", data_key);
	assert_int_equal(load(folder, &enclave, &loaded), STORE_STATE);
	assert_string_equal(buf_text(&loaded), "first");
	save(folder, &enclave, "second", data_key);
	assert_int_equal(load(folder, &enclave, &loaded), STORE_STATE);
	assert_string_equal(buf_text(&loaded), "second");
}

static void state_is_not_readable_on_disk(void **state)
{
	const char *folder = *state;
	save(folder, &enclave, "a secret to be found", data_key);
	static const char *const names[] = { "sealed_data", "sealed_key" };
	for (size_t i = 0; i < 2; i++) {
		AUTO(auto_free) char *path = xasprintf("%s/%s", folder, names[i]);
		AUTO(buf_free) struct buf file = { 0 };
		struct error err = { 0 };
		assert_success(file_read(path, 10000, &file, &err), err);
		assert_null(memmem(file.data, file.size, "secret", 6));
		assert_null(memmem(file.data, file.size, data_key, sizeof(data_key)));
	}
}

static void another_enclave_finds_it_locked(void **state)
{
	AUTO(buf_free) struct buf loaded = { 0 };
	save(*state, &enclave, "state", data_key);
	assert_int_equal(load(*state, &other_machine, &loaded), STORE_LOCKED);
	assert_int_equal(load(*state, NULL, &loaded), STORE_LOCKED);
	assert_int_equal(loaded.size, 0);
}

static void a_key_in_plain_text_is_no_key_inside_an_enclave(void **state)
{
	AUTO(buf_free) struct buf loaded = { 0 };
	save(*state, NULL, "state", data_key);
	assert_int_equal(load(*state, NULL, &loaded), STORE_STATE);
	assert_int_equal(load(*state, &enclave, &loaded), STORE_LOCKED);
}

static void copy_file(const char *folder, const char *from, const char *to)
{
	AUTO(auto_free) char *command = xasprintf("cp '%s/%s' '%s/%s'", folder, from, folder, to);
	assert_int_equal(system(command), 0);
}

static void the_seal_mode_decides_which_enclaves_open_it(void **state)
{
	AUTO(buf_free) struct buf loaded = { 0 };
	save(*state, &enclave, "for the product", data_key);
	assert_int_equal(load(*state, &other_enclave, &loaded), STORE_STATE);
	assert_true(try_to_save(*state, &enclave, "for one", data_key, SEAL_UNIQUE_KEY));
	assert_int_equal(load(*state, &other_enclave, &loaded), STORE_LOCKED);
	assert_int_equal(load(*state, &enclave, &loaded), STORE_STATE);
	assert_string_equal(buf_text(&loaded), "for one");
}

static struct buf read_in(const char *folder, const char *name)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	struct buf content = { 0 };
	struct error err = { 0 };
	assert_success(file_read(path, 10000, &content, &err), err);
	return content;
}

/* In place, for one bit does not need a disk to be waited for. */
static void write_in(const char *folder, const char *name, const struct buf *content)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	AUTO(auto_fclose) FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(content->data, 1, content->size, file), content->size);
}

/* True if what is there is no state, whether that is said by locking it or by refusing it. */
static bool is_refused(const char *folder, const struct seal_keys *keys)
{
	struct store *store = open_store(folder, keys);
	enum store_content content;
	struct error err = { 0 };
	AUTO(stored_free) struct stored stored = { 0 };
	bool loaded = store_load(store, &content, &stored, &err);
	store_close(store);
	assert_int_not_equal(content, STORE_EMPTY);
	return (!loaded || content == STORE_LOCKED) && err.kind && !stored.state.size;
}

static void no_flipped_bit_in_either_file_is_accepted(void **state)
{
	const char *folder = *state;
	const struct seal_keys *const kinds[] = { NULL, &enclave };
	static const char *const names[] = { "sealed_data", "sealed_key" };
	for (size_t test = 0; test < 4; test++) {
		const struct seal_keys *keys = kinds[test / 2];
		save(folder, keys, "before", data_key);
		save(folder, keys, "state", data_key);
		struct buf file = read_in(folder, names[test % 2]);
		for (size_t bit = 0; bit < 8 * file.size; bit++) {
			file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			write_in(folder, names[test % 2], &file);
			assert_true(is_refused(folder, keys));
			file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		write_in(folder, names[test % 2], &file);
		buf_free(&file);
		AUTO(buf_free) struct buf loaded = { 0 };
		assert_int_equal(load(folder, keys, &loaded), STORE_STATE);
	}
}

static void saves_are_numbered(void **state)
{
	for (uint64_t number = 1; number <= 3; number++) {
		save(*state, NULL, "state", data_key);
		struct buf file = read_in(*state, "sealed_data");
		struct sealed_data data;
		struct error err = { 0 };
		assert_success(sealed_data_read(buf_bytes(&file), &data, &err), err);
		assert_int_equal(data.version, 2);
		assert_int_equal(data.sequence, number);
		buf_free(&file);
	}
}

static void a_later_format_is_refused_by_name(void **state)
{
	save(*state, NULL, "state", data_key);
	struct buf file = read_in(*state, "sealed_data");
	struct sealed_data data;
	struct error err = { 0 };
	assert_success(sealed_data_read(buf_bytes(&file), &data, &err), err);
	((uint8_t *)data.header.data)[12] = 3;
	assert_failure(sealed_data_read(buf_bytes(&file), &data, &err), err, ERROR_UNSUPPORTED,
		"format version 3");
	write_in(*state, "sealed_data", &file);
	buf_free(&file);
	assert_true(is_refused(*state, NULL));
}

static void a_key_file_of_any_length_is_locked(void **state)
{
	const char *folder = *state;
	AUTO(buf_free) struct buf loaded = { 0 };
	save(folder, &enclave, "state", data_key);
	AUTO(auto_free) char *path = xasprintf("%s/sealed_key", folder);
	for (off_t size = 0; size <= 5000; size += 1000) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(load(folder, &enclave, &loaded), STORE_LOCKED);
	}
}

static void mixed_or_changed_files_are_locked(void **state)
{
	const char *folder = *state;
	AUTO(buf_free) struct buf loaded = { 0 };
	save(folder, &enclave, "one", data_key);
	copy_file(folder, "sealed_data", "kept_data");
	save(folder, &enclave, "two", data_key);
	save(folder, &enclave, "three", data_key);
	copy_file(folder, "kept_data", "sealed_data");
	copy_file(folder, "kept_data", "sealed_data.old");
	assert_int_equal(load(folder, &enclave, &loaded), STORE_LOCKED);
	AUTO(auto_free) char *key = xasprintf("%s/sealed_key", folder);
	assert_int_equal(unlink(key), 0);
	assert_int_equal(load(folder, &enclave, &loaded), STORE_LOCKED);
}

static void a_folder_serves_one_coordinator(void **state)
{
	struct store *store = open_store(*state, &enclave);
	pid_t child = fork(); /* the lock is the process's, so another one has to try */
	if (child == 0) {
		const struct store_config config = { *state, &enclave };
		struct error err = { 0 };
		_exit(!store_open(&config, &err) && strstr(err.message, "another Coordinator") ? 0
											       : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	store_close(store);
}

/* Lets a test wait until all its increments are answered. */
struct answers {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int good;
	int bad;
};

static void on_done(void *context, const struct error *error)
{
	struct answers *answers = context;
	pthread_mutex_lock(&answers->lock);
	if (error)
		answers->bad++;
	else
		answers->good++;
	pthread_cond_signal(&answers->changed);
	pthread_mutex_unlock(&answers->lock);
}

static void wait_for(struct answers *answers, int count)
{
	pthread_mutex_lock(&answers->lock);
	while (answers->good + answers->bad < count)
		pthread_cond_wait(&answers->changed, &answers->lock);
	pthread_mutex_unlock(&answers->lock);
}

static struct counters_config config_in(const char *folder)
{
	return (struct counters_config){ .folder = folder, .id = id, .key = data_key };
}

static void counts_survive_and_limits_hold(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	int accepted = 0;
	for (int i = 0; i < 100; i++)
		accepted += counters_increment(counters, "a", 40, on_done, &answers);
	assert_int_equal(accepted, 40);
	assert_true(counters_increment(counters, "b", 2, on_done, &answers));
	wait_for(&answers, 41);
	assert_int_equal(answers.good, 41);
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_false(counters_has_room(counters, "a", 40));
	assert_true(counters_has_room(counters, "a", 41));
	assert_true(counters_has_room(counters, "b", 2));
	assert_false(counters_has_room(counters, "b", 1));
	assert_true(counters_has_room(counters, "c", 1));
	counters_close(counters);
}

static char *journal_path(const char *folder)
{
	DIR *entries = opendir(folder);
	char *path = NULL;
	for (struct dirent *entry; (entry = readdir(entries));) {
		if (!strncmp(entry->d_name, "sealed_counters_", 16))
			path = xasprintf("%s/%s", folder, entry->d_name);
	}
	closedir(entries);
	return path;
}

/* Three records of one counter. */
static void write_three(const struct counters_config *config)
{
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	struct counters *counters = counters_create(config, &err);
	assert_success(counters != NULL, err);
	for (int i = 1; i <= 3; i++) {
		assert_true(counters_increment(counters, "a", 10, on_done, &answers));
		wait_for(&answers, i);
	}
	counters_close(counters);
}

static void a_record_cut_short_is_dropped_and_others_are_kept(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	write_three(&config);
	AUTO(auto_free) char *path = journal_path(*state);
	AUTO(buf_free) struct buf file = { 0 };
	assert_success(file_read(path, 10000, &file, &err), err);
	assert_int_equal(truncate(path, (off_t)file.size - 1), 0);
	struct counters *counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_true(counters_has_room(counters, "a", 3));
	assert_false(counters_has_room(counters, "a", 2));
	assert_true(counters_increment(counters, "a", 10, on_done, &answers));
	wait_for(&answers, 1);
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_false(counters_has_room(counters, "a", 3));
	counters_close(counters);
}

static void no_flipped_bit_in_the_journal_is_accepted(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	write_three(&config);
	AUTO(auto_free) char *path = journal_path(*state);
	const char *name = strrchr(path, '/') + 1;
	AUTO(buf_free) struct buf file = read_in(*state, name);
	for (size_t bit = 0; bit < 8 * file.size; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		write_in(*state, name, &file);
		assert_null(counters_open(&config, &err));
		assert_non_null(strstr(err.message, "damaged"));
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void a_lost_journal_is_an_error(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	write_three(&config);
	AUTO(auto_free) char *path = journal_path(*state);
	assert_int_equal(unlink(path), 0);
	assert_null(counters_open(&config, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void counts_in_memory_are_written_when_they_shall_be(void **state)
{
	struct counters_config config = config_in(*state);
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	config.is_in_memory = true;
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	assert_true(counters_increment(counters, "a", 2, on_done, &answers));
	wait_for(&answers, 1);
	assert_null(journal_path(*state));
	assert_success(counters_keep_on_disk(counters, true, &err), err);
	assert_true(counters_increment(counters, "a", 2, on_done, &answers));
	wait_for(&answers, 2);
	counters_close(counters);
	config.is_in_memory = false;
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_false(counters_has_room(counters, "a", 2));
	assert_success(counters_keep_on_disk(counters, false, &err), err);
	assert_null(journal_path(*state));
	counters_close(counters);
}

/* The size limit of the process stands for a full disk: writing fails in the same way. */
static void an_increment_that_cannot_be_written_is_undone(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit none = { 10, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(counters_increment(counters, "a", 1, on_done, &answers));
	wait_for(&answers, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(answers.bad, 1);
	assert_true(counters_increment(counters, "a", 1, on_done, &answers));
	wait_for(&answers, 2);
	assert_int_equal(answers.good, 1);
	counters_close(counters);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_false(counters_has_room(counters, "a", 1));
	counters_close(counters);
}

static void many_names_are_rewritten_into_a_short_journal(void **state)
{
	const struct counters_config config = config_in(*state);
	struct error err = { 0 };
	struct answers answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	struct counters *counters = counters_create(&config, &err);
	assert_success(counters != NULL, err);
	AUTO(auto_free) char *name = xcalloc(1, 100001);
	memset(name, 'n', 100000);
	for (int i = 1; i <= 30; i++) { /* 3 MB, were it not rewritten */
		assert_true(counters_increment(counters, name, 100, on_done, &answers));
		wait_for(&answers, i);
	}
	counters_close(counters);
	AUTO(auto_free) char *path = journal_path(*state);
	AUTO(buf_free) struct buf file = { 0 };
	assert_success(file_read(path, 2U << 20, &file, &err), err);
	counters = counters_open(&config, &err);
	assert_success(counters != NULL, err);
	assert_false(counters_has_room(counters, name, 30));
	assert_true(counters_has_room(counters, name, 31));
	counters_close(counters);
}

#define store_test(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(what_was_saved_is_loaded),
		store_test(state_is_not_readable_on_disk),
		store_test(another_enclave_finds_it_locked),
		store_test(a_key_in_plain_text_is_no_key_inside_an_enclave),
		store_test(the_seal_mode_decides_which_enclaves_open_it),
		store_test(no_flipped_bit_in_either_file_is_accepted),
		store_test(saves_are_numbered),
		store_test(a_later_format_is_refused_by_name),
		store_test(a_key_file_of_any_length_is_locked),
		store_test(mixed_or_changed_files_are_locked),
		store_test(a_folder_serves_one_coordinator),
		store_test(counts_survive_and_limits_hold),
		store_test(a_record_cut_short_is_dropped_and_others_are_kept),
		store_test(no_flipped_bit_in_the_journal_is_accepted),
		store_test(a_lost_journal_is_an_error),
		store_test(counts_in_memory_are_written_when_they_shall_be),
		store_test(an_increment_that_cannot_be_written_is_undone),
		store_test(many_names_are_rewritten_into_a_short_journal),
	};
	crypto_setup();
	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
