/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store and the journal of counters with a process that dies, or a disk that fails, at each of
 * their calls in turn: what the next process finds is what was there before or after, whole.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "coordinator/counters.h"
#include "coordinator/store.h"
#include "crypto/openssl.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#define KILL (-1) /* instead of an errno */

/* What shall go wrong in this process; at 0 nothing. */
static struct {
	int at; /* at which call from now on, counted from 1 */
	int calls;
	int how; /* KILL or an errno */
} fault;

static bool is_due(void)
{
	if (!fault.at || ++fault.calls != fault.at)
		return false;
	if (fault.how == KILL)
		kill(getpid(), SIGKILL);
	errno = fault.how;
	return true;
}

ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	if (fault.calls + 1 == fault.at) /* the first half gets through */
		(void)!__real_write(fd, data, size / 2);
	return is_due() ? -1 : __real_write(fd, data, size);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return is_due() ? -1 : __real_fsync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	return is_due() ? -1 : __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	return is_due() ? -1 : __real_unlink(path);
}

int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size)
{
	return is_due() ? -1 : __real_ftruncate(fd, size);
}

int __wrap_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size)
{
	return __wrap_ftruncate(fd, size);
}

static const struct seal_keys enclave = { "the key of the signer, 32 bytes.",
	"the key of the enclave, 32 bytes" };
static const struct seal_keys other_machine = { "another key of the same signer..",
	"another one of the same enclave." };

static int make_folder(void **state)
{
	char template[] = "/tmp/test_store_crash.XXXXXX";
	*state = xstrdup(mkdtemp(template));
	return 0;
}

static void run(const char *format, const char *folder)
{
	AUTO(auto_free) char *command = xasprintf(format, folder, folder);
	assert_int_equal(system(command), 0);
}

static int remove_folder(void **state)
{
	run("rm -rf '%s' '%s.kept'", *state);
	free(*state);
	return 0;
}

static struct store *open_store(const char *folder, const struct seal_keys *keys)
{
	const struct store_config config = { folder, keys };
	struct error err = { 0 };
	struct store *store = store_open(&config, &err);
	assert_success(store != NULL, err);
	return store;
}

static enum store_content load(
	struct store *store, struct buf *state, struct buf *locked, struct error *err)
{
	enum store_content content;
	AUTO(stored_free) struct stored stored = { 0 };
	assert_success(store_load(store, &content, &stored, err), *err);
	*state = buf_take(&stored.state);
	*locked = buf_take(&stored.locked);
	return content;
}

static bool save(struct store *store, const char *state, uint8_t key)
{
	AUTO(sealing_free) struct sealing sealing = { 0 };
	uint64_t sequence;
	memset(sealing.data_key, key, DATA_KEY_SIZE);
	buf_put_text(&sealing.recovery, "null");
	return store_save(store, bytes_of_text(state), &sealing, SEAL_PRODUCT_KEY, &sequence, NULL);
}

/* One change of the store: what was there, what shall be, under which keys. */
struct step {
	const struct seal_keys *keys_before;
	const struct seal_keys *keys;
	const char *before; /* NULL: nothing */
	const char *after;  /* NULL: nothing is left */
	uint8_t key_before;
	uint8_t key;
};

enum outcome { DONE, REFUSED, KILLED, UNTOUCHED };

/* In a process of its own, with the fault. */
static enum outcome change_in_child(const char *folder, const struct step *step, int at, int how)
{
	pid_t child = fork();
	if (child == 0) {
		struct buf state = { 0 };
		struct buf locked = { 0 };
		struct error err = { 0 };
		struct store *store = open_store(folder, step->keys);
		load(store, &state, &locked, &err);
		fault.at = at;
		fault.how = how;
		bool done = step->after ? save(store, step->after, step->key)
					: store_forget(store, NULL);
		if (fault.calls < at)
			_exit(UNTOUCHED);
		_exit(done ? DONE : REFUSED);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? KILLED : (enum outcome)WEXITSTATUS(status);
}

/* What the next process finds: a state, "(locked)" or "(nothing)". */
static char *found_in(const char *folder, const struct seal_keys *keys)
{
	AUTO(buf_free) struct buf state = { 0 };
	AUTO(buf_free) struct buf locked = { 0 };
	struct error err = { 0 };
	struct store *store = open_store(folder, keys);
	enum store_content content = load(store, &state, &locked, &err);
	store_close(store);
	if (content == STORE_STATE)
		return xstrdup(buf_text(&state));
	if (content == STORE_EMPTY)
		return xstrdup("(nothing)");
	/* what waits for a recovery must still open with its data key */
	uint8_t key[DATA_KEY_SIZE];
	struct sealed_data data;
	memset(key, 1, sizeof(key));
	assert_success(sealed_data_read(buf_bytes(&locked), &data, &err), err);
	assert_success(sealed_data_open(&data, key, &state, &err), err);
	return xstrdup("(locked)");
}

static void check_found(
	const struct step *step, enum outcome outcome, const char *found, int at, int how)
{
	bool was_locked = step->keys != step->keys_before;
	const char *before = !step->before ? "(nothing)" : was_locked ? "(locked)" : step->before;
	bool is_before = !strcmp(found, before);
	bool is_after = !strcmp(found, step->after ? step->after : "(nothing)");
	bool good = is_before || is_after;
	if (outcome == DONE)
		good = is_after;
	else if (outcome == REFUSED && step->after) /* who wanted to forget can save again */
		good = is_before;
	if (!good)
		fail_msg("call %d, fault %d, outcome %d: \"%s\" is there", at, how, (int)outcome,
			found);
}

/* Can the next process still change it? */
static void check_goes_on(const char *folder, const struct step *step)
{
	struct step next = *step;
	next.after = "later";
	assert_int_equal(change_in_child(folder, &next, 1000, KILL), UNTOUCHED);
	AUTO(auto_free) char *found = found_in(folder, step->keys);
	assert_string_equal(found, "later");
}

static void check_step(const char *folder, const struct step *step)
{
	static const int faults[] = { KILL, ENOSPC, EIO };
	run("rm -rf '%s' '%s.kept'", folder);
	if (step->before) {
		struct store *store = open_store(folder, step->keys_before);
		assert_true(save(store, step->before, step->key_before));
		store_close(store);
	} else {
		run("mkdir '%s'; : '%s'", folder);
	}
	run("cp -r '%s' '%s.kept'", folder);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		enum outcome outcome = DONE;
		int at;
		for (at = 1; outcome != UNTOUCHED; at++) {
			outcome = change_in_child(folder, step, at, faults[i]);
			AUTO(auto_free) char *found = found_in(folder, step->keys);
			check_found(
				step, outcome == UNTOUCHED ? DONE : outcome, found, at, faults[i]);
			check_goes_on(folder, step);
			run("rm -rf '%s'; cp -r '%1$s.kept' '%s'", folder);
		}
		/* at least: write, fsync, rename, fsync of the folder; or two times unlink and
		 * fsync */
		assert_true(at > 3);
	}
}

static void the_first_state_is_there_or_not(void **state)
{
	check_step(*state, &(struct step){ NULL, NULL, NULL, "new", 0, 1 });
	check_step(*state, &(struct step){ &enclave, &enclave, NULL, "new", 0, 1 });
}

static void a_state_is_the_old_or_the_new_one(void **state)
{
	check_step(*state, &(struct step){ NULL, NULL, "old", "new", 1, 1 });
	check_step(*state, &(struct step){ &enclave, &enclave, "old", "new", 1, 1 });
}

static void a_new_data_key_comes_with_its_state(void **state)
{
	check_step(*state, &(struct step){ NULL, NULL, "old", "new", 1, 2 });
	check_step(*state, &(struct step){ &enclave, &enclave, "old", "new", 1, 2 });
}

static void a_state_that_waits_for_recovery_stays_until_another_is_there(void **state)
{
	check_step(*state, &(struct step){ &other_machine, &enclave, "old", "new", 1, 2 });
}

static void a_state_is_forgotten_as_a_whole(void **state)
{
	check_step(*state, &(struct step){ NULL, NULL, "old", NULL, 1, 1 });
	check_step(*state, &(struct step){ &enclave, &enclave, "old", NULL, 1, 1 });
}

static uint64_t count_in(const struct counters_config *config)
{
	struct error err = { 0 };
	struct counters *counters = counters_open(config, &err);
	assert_success(counters != NULL, err);
	uint64_t count = 0;
	while (!counters_has_room(counters, "a", count + 1))
		count++;
	counters_close(counters);
	return count;
}

/* Counts to 5; the last that was told, or -1 if no fault occurred. */
static int count_in_child(const struct counters_config *config, int at, int how, bool *was_killed)
{
	int told[2];
	assert_int_equal(pipe(told), 0);
	pid_t child = fork();
	if (child == 0) {
		uint64_t previous;
		struct counters *counters = counters_open(config, NULL);
		fault.at = at;
		fault.how = how;
		for (uint64_t i = 1; i <= 5; i++) {
			if (counters_raise(counters, "a", i, &previous, NULL))
				(void)!__real_write(told[1], &(uint8_t){ (uint8_t)i }, 1);
		}
		_exit(fault.calls < at);
	}
	close(told[1]);
	uint8_t bytes[8];
	int count = 0;
	for (ssize_t got; (got = read(told[0], bytes, sizeof(bytes))) > 0;)
		count = bytes[got - 1];
	close(told[0]);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	*was_killed = WIFSIGNALED(status);
	return WIFEXITED(status) && WEXITSTATUS(status) ? -1 : count;
}

/* New counters, and a fault at one call of theirs. False if there are fewer calls. */
static bool try_count(const struct counters_config *config, int at, int how)
{
	bool was_killed;
	struct error err = { 0 };
	struct counters *counters = counters_create(config, &err);
	assert_success(counters != NULL, err);
	counters_close(counters);
	int told = count_in_child(config, at, how, &was_killed);
	uint64_t count = count_in(config);
	if (told < 0)
		assert_int_equal(count, 5);
	else if (was_killed)
		assert_in_range(count, told, told + 1);
	else
		assert_int_equal(count, told);
	return told >= 0;
}

static void counts_are_never_less_than_what_was_told(void **state)
{
	static const int faults[] = { KILL, ENOSPC, EIO };
	const struct counters_config config = { .folder = *state,
		.id = (const uint8_t *)"this deployment.",
		.key = (const uint8_t *)"a key of thirty-two bytes, fixed" };
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		int at = 1;
		while (try_count(&config, at, faults[i]))
			at++;
		assert_true(at > 1);
	}
}

#define crash_test(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		crash_test(the_first_state_is_there_or_not),
		crash_test(a_state_is_the_old_or_the_new_one),
		crash_test(a_new_data_key_comes_with_its_state),
		crash_test(a_state_that_waits_for_recovery_stays_until_another_is_there),
		crash_test(a_state_is_forgotten_as_a_whole),
		crash_test(counts_are_never_less_than_what_was_told),
	};
	crypto_setup();
	return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
