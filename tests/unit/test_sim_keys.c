/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of protected files: what the manifest says about them, and what the application sets. */
#include "sim_fixture.h"

#include "graphene/sim_keys.h"
#include "graphene/sim_policy.h"

#include <errno.h>

#define KEY(digit)                                                                                 \
	"'" digit digit digit digit digit digit digit digit digit digit digit digit digit digit    \
		digit digit "'\n"
#define ENCRYPTED(path, name)                                                                      \
	"[[fs.mounts]]\ntype = 'encrypted'\npath = '" path "'\nuri = 'file:x'\n" name "\n"
#define TABLES "libos.entrypoint = \"/app\"\nsgx.trusted_files = []\nsgx.max_threads = 4\n"

DEFINE_AUTO_FREE(auto_keys, struct sim_keys *, sim_keys_free)
DEFINE_AUTO_FREE(auto_policy, struct sim_policy *, sim_policy_free)

static void assert_key(const struct sim_keys *keys, const char *name, int byte)
{
	size_t number = sim_keys_find(keys, name);
	assert_true(number < sim_keys_count(keys));
	const uint8_t *key = sim_keys_get(keys, number);
	if (byte < 0) {
		assert_null(key);
		return;
	}
	assert_non_null(key);
	for (size_t i = 0; i < GRAPHENE_WRAP_KEY_SIZE; i++)
		assert_int_equal(key[i], byte);
}

static void every_name_of_the_manifest_has_a_key(void **state)
{
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(TABLES
		"fs.insecure__keys.preset = " KEY("ab") ENCRYPTED("/a", "key_name = 'mounted'")
			ENCRYPTED("/b", "key_name = 'mounted'") ENCRYPTED("/c", "")
				ENCRYPTED("/d", "key_name = '_sgx_mrsigner'"));
	AUTO(auto_keys) struct sim_keys *keys = sim_keys_new(manifest);
	assert_int_equal(sim_keys_count(keys), 3);
	assert_string_equal(sim_keys_name(keys, 0), "default");
	assert_key(keys, "default", -1);
	assert_key(keys, "mounted", -1);
	assert_key(keys, "preset", 0xab);
	assert_int_equal(sim_keys_find(keys, "_sgx_mrsigner"), 3);
}

static void a_key_that_is_set_replaces_that_of_the_manifest(void **state)
{
	static const uint8_t key[GRAPHENE_WRAP_KEY_SIZE] = { 0 };
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of(GRAPHENE "sgx.protected_files_key = " KEY("12"));
	AUTO(auto_keys) struct sim_keys *keys = sim_keys_new(manifest);
	assert_int_equal(sim_keys_count(keys), 1);
	assert_key(keys, "default", 0x12);
	sim_keys_set(keys, 0, key);
	assert_key(keys, "default", 0);
}

static void the_default_key_has_three_spellings(void **state)
{
	static const char *const spellings[] = { "sgx.protected_files_key",
		"fs.insecure__keys.default", "sgx.insecure__protected_files_key" };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		AUTO(auto_free) char *text = xasprintf(GRAMINE "%s = " KEY("34"), spellings[i]);
		AUTO(auto_graphene_manifest) struct graphene_manifest *manifest = manifest_of(text);
		AUTO(auto_keys) struct sim_keys *keys = sim_keys_new(manifest);
		assert_key(keys, "default", 0x34);
	}
}

static void lists_say_which_key_a_path_has(void **state)
{
	static const char *const paths[][2] = { { "a", NULL }, { "a/f", "default" },
		{ "a/f/g/h", "default" }, { "a/fg", NULL }, { "e/x", "_sgx_mrenclave" },
		{ "s", "_sgx_mrsigner" }, { "/a/f", NULL }, { "d", NULL } };
	(void)state;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of("libos.entrypoint = '/app'\nfs.mounts = []\n"
			    "sgx.max_threads = 4\nsgx.protected_files = ['file:./a//f']\n"
			    "sgx.protected_mrenclave_files = ['file:e/']\n"
			    "sgx.protected_mrsigner_files = ['file:s']\n"
			    "sgx.allowed_files = ['file:a', 'file:d']\n");
	struct error err = { 0 };
	AUTO(auto_policy) struct sim_policy *policy = sim_policy_new(manifest, &err);
	assert_success(policy != NULL, err);
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		const char *name = sim_policy_key_name(policy, paths[i][0]);
		if (paths[i][1])
			assert_string_equal(name, paths[i][1]);
		else
			assert_null(name);
	}
	/* what is protected is not read as it is, nor moved with its folder */
	assert_int_equal(sim_policy_check(policy, "a/f", SIM_READ), EACCES);
	assert_int_equal(sim_policy_check(policy, "a/b", SIM_READ), 0);
	assert_false(sim_policy_allows_folder(policy, "a"));
	assert_false(sim_policy_allows_folder(policy, "e/below"));
	assert_true(sim_policy_allows_folder(policy, "d"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_the_manifest_has_a_key),
		cmocka_unit_test(a_key_that_is_set_replaces_that_of_the_manifest),
		cmocka_unit_test(the_default_key_has_three_spellings),
		cmocka_unit_test(lists_say_which_key_a_path_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
