/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "coordinator/witness.h"

#include <pthread.h>

static const uint8_t id[WITNESS_ID_SIZE] = "one deployment..";
static const uint8_t other_id[WITNESS_ID_SIZE] = "another one.....";

static int make_folder(void **state)
{
	char template[] = "/tmp/test_witness.XXXXXX";
	AUTO(auto_free) char *folder = xstrdup(mkdtemp(template));
	*state = xasprintf("%s/witness", folder);
	return 0;
}

static int remove_folder(void **state)
{
	AUTO(auto_free) char *command = xasprintf("rm -rf \"$(dirname '%s')\"", (char *)*state);
	free(*state);
	return system(command);
}

static struct witness *open_witness(const char *path)
{
	struct error err = { 0 };
	struct witness *witness = witness_open(path, &err);
	assert_success(witness != NULL, err);
	return witness;
}

/* What a Coordinator that starts with this state is told. */
static bool is_accepted(const char *path, const uint8_t *of, uint64_t sequence, uint64_t records,
	bool was_witnessed, struct error *err)
{
	struct witness *witness = open_witness(path);
	bool accepted = witness_accept(witness, of, sequence, records, was_witnessed, err);
	witness_free(witness);
	return accepted;
}

static void write_file(const char *path, const char *text)
{
	assert_true(file_replace(path, text, strlen(text), 0600, NULL));
}

static void what_is_older_is_refused(void **state)
{
	struct error err = { 0 };
	assert_success(is_accepted(*state, id, 7, 3, false, &err), err);
	struct witness *witness = open_witness(*state);
	assert_success(witness_note_save(witness, id, 9, &err), err);
	assert_success(witness_note_records(witness, 5, &err), err);
	witness_free(witness);
	assert_failure(is_accepted(*state, id, 8, 5, true, &err), err, ERROR_DENIED, "later state");
	assert_failure(
		is_accepted(*state, id, 9, 4, true, &err), err, ERROR_DENIED, "later counters");
	assert_failure(is_accepted(*state, other_id, 10, 10, true, &err), err, ERROR_DENIED,
		"another deployment");
	assert_success(is_accepted(*state, id, 9, 5, true, &err), err);
	assert_success(is_accepted(*state, id, 10, 5, true, &err), err);
	assert_false(is_accepted(*state, id, 9, 5, true, &err));
}

static void it_never_goes_back(void **state)
{
	struct error err = { 0 };
	assert_success(is_accepted(*state, id, 7, 7, false, &err), err);
	struct witness *witness = open_witness(*state);
	assert_success(witness_note_save(witness, id, 6, &err), err);
	assert_success(witness_note_records(witness, 6, &err), err);
	witness_free(witness);
	assert_false(is_accepted(*state, id, 6, 7, true, &err));
	assert_false(is_accepted(*state, id, 7, 6, true, &err));
	assert_success(is_accepted(*state, id, 7, 7, true, &err), err);
}

static void a_missing_one_is_believed_only_if_there_never_was_one(void **state)
{
	struct error err = { 0 };
	assert_failure(is_accepted(*state, id, 1, 0, true, &err), err, ERROR_DENIED, "is missing");
	write_file(*state, "");
	assert_success(is_accepted(*state, id, 1, 0, true, &err), err);
	assert_success(is_accepted(*state, id, 1, 0, true, &err), err);
}

static void a_new_deployment_is_believed_before_and_after_its_save(void **state)
{
	struct error err = { 0 };
	assert_success(is_accepted(*state, id, 7, 3, false, &err), err);
	struct witness *witness = open_witness(*state);
	assert_success(witness_expect(witness, other_id, &err), err);
	witness_free(witness);
	AUTO(buf_free) struct buf both = { 0 };
	assert_true(file_read(*state, 1000, &both, NULL));
	assert_success(is_accepted(*state, id, 7, 3, true, &err), err);
	write_file(*state, buf_text(&both));
	assert_success(is_accepted(*state, other_id, 1, 0, true, &err), err);
	assert_false(is_accepted(*state, id, 7, 3, true, &err));
	write_file(*state, buf_text(&both));
	witness = open_witness(*state);
	assert_success(witness_note_save(witness, other_id, 1, &err), err);
	witness_free(witness);
	assert_false(is_accepted(*state, id, 7, 3, true, &err));
	assert_success(is_accepted(*state, other_id, 1, 0, true, &err), err);
}

static void what_is_no_witness_is_refused(void **state)
{
	static const char *const texts[] = { "no witness", "marblerun-witness 1 00 1 1\n",
		"marblerun-witness 1 6f6e65206465706c6f796d656e742e2e 1 1",
		"marblerun-witness 1 6f6e65206465706c6f796d656e742e2e 1\n",
		"marblerun-witness 1 6f6e65206465706c6f796d656e742e2e 1 1\nnext 00\n",
		"marblerun-witness 1 6f6e65206465706c6f796d656e742e2e 1 1\nmore\n",
		"marblerun-witness 2 6f6e65206465706c6f796d656e742e2e 1 1\n" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		write_file(*state, texts[i]);
		assert_failure(witness_open(*state, &err), err, ERROR_INVALID, "not a file that");
	}
}

static void what_cannot_be_written_is_an_error(void **state)
{
	struct error err = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/nowhere/witness", (char *)*state);
	assert_failure(is_accepted(path, id, 1, 0, false, &err), err, ERROR_INTERNAL, "witness: ");
}

static void nobody_needs_one(void **state)
{
	(void)state;
	assert_true(witness_expect(NULL, id, NULL));
	assert_true(witness_note_save(NULL, id, 1, NULL));
	assert_true(witness_note_records(NULL, 1, NULL));
	witness_free(NULL);
}

#define witness_test(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		witness_test(what_is_older_is_refused),
		witness_test(it_never_goes_back),
		witness_test(a_missing_one_is_believed_only_if_there_never_was_one),
		witness_test(a_new_deployment_is_believed_before_and_after_its_save),
		witness_test(what_is_no_witness_is_refused),
		witness_test(what_cannot_be_written_is_an_error),
		witness_test(nobody_needs_one),
	};
	return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
