/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_fixture.h"

#include "base/log.h"
#include "graphene/sim_path.h"
#include "graphene/sim_policy.h"

#include <errno.h>
#include <utime.h>

DEFINE_AUTO_FREE(auto_policy, struct sim_policy *, sim_policy_free)

#define TRUST(name, file)                                                                          \
	"sgx.trusted_files." name " = \"file:" file "\"\n"                                         \
	"sgx.trusted_checksum." name " = \"" HELLO_SHA256 "\"\n"
#define ALLOW(name, file) "sgx.allowed_files." name " = \"file:" file "\"\n"

static struct sim_policy *policy_of(const struct graphene_manifest *manifest)
{
	struct error err = { 0 };
	struct sim_policy *policy = sim_policy_new(manifest, &err);
	assert_success(policy != NULL, err);
	return policy;
}

static void a_path_covers_whole_components_alone(void **state)
{
	(void)state;
	assert_true(sim_path_covers("tmp", "tmp"));
	assert_true(sim_path_covers("tmp", "tmp/x"));
	assert_false(sim_path_covers("tmp", "tmpfile"));
	assert_false(sim_path_covers("tmp/x", "tmp"));
	assert_true(sim_path_covers("/", "/etc"));
	assert_false(sim_path_covers("/", "etc"));
	assert_true(sim_path_covers("", "etc"));
	assert_true(sim_path_covers("", "..etc"));
	assert_false(sim_path_covers("", "/etc"));
	assert_false(sim_path_covers("", "../etc"));
	assert_false(sim_path_covers("", ".."));
}

static void listed_files_are_known_in_the_form_of_their_uri(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(GRAPHENE TRUST("a", "./lib//a")
			ALLOW("b", "data") ALLOW("c", "/abs/dir/") ALLOW("d", "uuid"));
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	assert_int_equal(sim_policy_judge(policy, "lib/a"), SIM_TRUSTED);
	assert_int_equal(sim_policy_judge(policy, "lib"), SIM_UNLISTED);
	assert_int_equal(sim_policy_judge(policy, "lib/a/b"), SIM_UNLISTED);
	assert_int_equal(sim_policy_judge(policy, "data"), SIM_ALLOWED);
	assert_int_equal(sim_policy_judge(policy, "data/deep/er"), SIM_ALLOWED);
	assert_int_equal(sim_policy_judge(policy, "database"), SIM_UNLISTED);
	assert_int_equal(sim_policy_judge(policy, "/abs/dir/x"), SIM_ALLOWED);
	assert_int_equal(sim_policy_judge(policy, "uuid"), SIM_ALLOWED);
	assert_int_equal(sim_policy_judge(policy, "/somewhere/uuid"), SIM_UNLISTED);
}

static void trusted_wins_in_graphene_and_allowed_wins_in_gramine(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *graphene =
		manifest_of(GRAPHENE TRUST("a", "data/a") ALLOW("b", "data"));
	AUTO(auto_policy) struct sim_policy *old = policy_of(graphene);
	assert_int_equal(sim_policy_judge(old, "data/a"), SIM_TRUSTED);
	assert_int_equal(sim_policy_judge(old, "data/b"), SIM_ALLOWED);
	assert_false(sim_policy_allows_folder(old, "data"));
	assert_true(sim_policy_allows_folder(old, "data/other"));
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *gramine = manifest_of(
		"libos.entrypoint = \"/app\"\nfs.mounts = []\nsgx.max_threads = 4\n"
		"sgx.allowed_files = [\"file:data/\"]\n"
		"[[sgx.trusted_files]]\nuri = \"file:data/a\"\nsha256 = \"" HELLO_SHA256 "\"\n");
	AUTO(auto_policy) struct sim_policy *new = policy_of(gramine);
	assert_int_equal(sim_policy_judge(new, "data/a"), SIM_ALLOWED);
	assert_true(sim_policy_allows_folder(new, "data"));
}

static void the_bare_file_uri_covers_everything_in_graphene_alone(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *graphene = manifest_of(GRAPHENE ALLOW("all", ""));
	AUTO(auto_policy) struct sim_policy *old = policy_of(graphene);
	assert_int_equal(sim_policy_judge(old, "x"), SIM_ALLOWED);
	assert_int_equal(sim_policy_judge(old, "/etc/passwd"), SIM_ALLOWED);
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *gramine =
		manifest_of(GRAMINE "sgx.allowed_files = [\"file:.\"]\n");
	AUTO(auto_policy) struct sim_policy *new = policy_of(gramine);
	assert_int_equal(sim_policy_judge(new, "x"), SIM_UNLISTED);
}

static void only_allowed_files_may_be_written_or_created(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of(GRAPHENE TRUST("a", "trusted") ALLOW("b", "allowed"));
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	assert_int_equal(sim_policy_check(policy, "trusted", SIM_READ), 0);
	assert_int_equal(sim_policy_check(policy, "trusted", SIM_WRITE), EACCES);
	assert_int_equal(sim_policy_check(policy, "trusted", SIM_CREATE), EACCES);
	assert_int_equal(sim_policy_check(policy, "allowed", SIM_CREATE), 0);
	assert_int_equal(sim_policy_check(policy, "other", SIM_READ), EACCES);
	assert_int_equal(sim_policy_check(policy, "other", SIM_CREATE), EACCES);
}

static void allow_all_but_log_opens_unlisted_files_but_keeps_trusted_ones(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(
		GRAPHENE TRUST("a", "trusted") "sgx.file_check_policy = \"allow_all_but_log\"\n");
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	assert_int_equal(sim_policy_check(policy, "other", SIM_READ), 0);
	assert_int_equal(sim_policy_check(policy, "other", SIM_CREATE), 0);
	assert_int_equal(sim_policy_check(policy, "trusted", SIM_WRITE), EACCES);
}

static void a_trusted_file_without_hash_means_an_unsigned_manifest(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of("libos.entrypoint = \"/app\"\nfs.mounts = []\nsgx.max_threads = 4\n"
			    "sgx.trusted_files = [\"file:app\"]\n");
	struct error err = { 0 };
	assert_failure(sim_policy_new(manifest, &err), err, ERROR_INVALID, "graphene-sign");
}

static void a_changed_trusted_file_is_refused_with_both_hashes(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of(GRAPHENE TRUST("a", "good") TRUST("b", "bad") TRUST("c", "good2"));
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	write_file("good", "hello");
	write_file("good2", "hello");
	write_file("bad", "hello");
	struct error err = { 0 };
	assert_success(sim_policy_verify(policy, 3, &err), err);
	write_file("bad", "Hello");
	assert_failure(sim_policy_verify(policy, 3, &err), err, ERROR_DENIED, "'bad'");
	assert_non_null(strstr(err.message, "expected " HELLO_SHA256));
	assert_non_null(strstr(err.message,
		"found 185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"));
}

static void a_trusted_file_that_changes_after_its_check_is_noticed(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(GRAPHENE TRUST("a", "file"));
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	struct stat st;
	struct error err = { 0 };
	write_file("file", "hello");
	assert_int_equal(stat("file", &st), 0);
	assert_false(sim_policy_is_unchanged(policy, "file", &st));
	assert_success(sim_policy_verify(policy, 1, &err), err);
	assert_true(sim_policy_is_unchanged(policy, "file", &st));
	assert_int_equal(utime("file", &(struct utimbuf){ 1, 1 }), 0);
	assert_int_equal(stat("file", &st), 0);
	assert_false(sim_policy_is_unchanged(policy, "file", &st));
}

static void a_missing_trusted_file_stops_graphene_but_not_gramine(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *graphene = manifest_of(GRAPHENE TRUST("a", "missing"));
	AUTO(auto_policy) struct sim_policy *old = policy_of(graphene);
	assert_failure(sim_policy_verify(old, 1, &err), err, ERROR_NOT_FOUND, "'missing'");
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *gramine = manifest_of(
		"libos.entrypoint = \"/app\"\nfs.mounts = []\nsgx.max_threads = 4\n"
		"[[sgx.trusted_files]]\nuri = \"file:missing\"\nsha256 = \"" HELLO_SHA256 "\"\n");
	AUTO(auto_policy) struct sim_policy *new = policy_of(gramine);
	assert_success(sim_policy_verify(new, 1, &err), err);
	write_file("missing", "hello");
	struct stat st;
	assert_int_equal(stat("missing", &st), 0);
	assert_false(sim_policy_is_unchanged(new, "missing", &st));
}

static void a_trusted_folder_is_refused(void **state)
{
	(void)state;
	struct error err = { 0 };
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(GRAPHENE TRUST("a", "folder"));
	AUTO(auto_policy) struct sim_policy *policy = policy_of(manifest);
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_failure(
		sim_policy_verify(policy, 1, &err), err, ERROR_INVALID, "not a regular file");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_covers_whole_components_alone),
		cmocka_unit_test(listed_files_are_known_in_the_form_of_their_uri),
		cmocka_unit_test(trusted_wins_in_graphene_and_allowed_wins_in_gramine),
		cmocka_unit_test(the_bare_file_uri_covers_everything_in_graphene_alone),
		cmocka_unit_test(only_allowed_files_may_be_written_or_created),
		cmocka_unit_test(allow_all_but_log_opens_unlisted_files_but_keeps_trusted_ones),
		cmocka_unit_test(a_trusted_file_without_hash_means_an_unsigned_manifest),
		cmocka_unit_test_setup_teardown(a_changed_trusted_file_is_refused_with_both_hashes,
			enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			a_trusted_file_that_changes_after_its_check_is_noticed, enter_folder,
			leave_folder),
		cmocka_unit_test_setup_teardown(
			a_missing_trusted_file_stops_graphene_but_not_gramine, enter_folder,
			leave_folder),
		cmocka_unit_test_setup_teardown(
			a_trusted_folder_is_refused, enter_folder, leave_folder),
	};
	log_configure(LOG_OFF, LOG_CONSOLE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
