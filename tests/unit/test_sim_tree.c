/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_fixture.h"

#include "graphene/sim_tree.h"

#define MOUNT(type, path, uri)                                                                     \
	"[[fs.mounts]]\ntype = \"" type "\"\npath = \"" path "\"\nuri = \"" uri "\"\n"
#define TABLES "libos.entrypoint = \"/app\"\nsgx.trusted_files = []\nsgx.max_threads = 4\n"

/* A tree over the mounts in text; the current folder has host folders to mount. */
struct fixture {
	struct graphene_manifest *manifest;
	struct sim_tree tree;
};

static struct fixture tree_of(const char *text)
{
	struct fixture fixture = { .manifest = manifest_of(text) };
	struct error err = { 0 };
	assert_success(sim_tree_build(&fixture.tree, fixture.manifest, &err), err);
	return fixture;
}

static void free_fixture(struct fixture *fixture)
{
	sim_tree_free(&fixture->tree);
	graphene_manifest_free(fixture->manifest);
}

static void assert_on_host(const struct sim_tree *tree, const char *path, const char *host)
{
	struct sim_place place = sim_tree_find(tree, path);
	assert_int_equal(place.mount->kind, SIM_MOUNT_HOST);
	AUTO(auto_free) char *found = sim_place_on_host(&place);
	assert_string_equal(found, host);
}

static enum sim_mount_kind kind_at(const struct sim_tree *tree, const char *path)
{
	return sim_tree_find(tree, path).mount->kind;
}

/* Of the names that mounts give to a folder, how often this one comes. */
static int count_name(const struct sim_tree *tree, const char *folder, const char *name)
{
	int count = 0;
	char *found;
	for (size_t position = 0; (found = sim_tree_next_name(tree, folder, &position));) {
		count += !strcmp(found, name);
		free(found);
	}
	return count;
}

static void the_root_is_the_folder_of_the_launcher(void **state)
{
	(void)state;
	AUTO(free_fixture) struct fixture f = tree_of(GRAPHENE);
	assert_on_host(&f.tree, "/", "");
	assert_on_host(&f.tree, "/app", "app");
	assert_on_host(&f.tree, "/a/b", "a/b");
	assert_int_equal(kind_at(&f.tree, "/proc/self"), SIM_MOUNT_PROC);
	assert_int_equal(kind_at(&f.tree, "/dev/null"), SIM_MOUNT_DEVICE);
	assert_int_equal(kind_at(&f.tree, "/dev/attestation/quote"), SIM_MOUNT_ATTESTATION);
	assert_string_equal(sim_tree_find(&f.tree, "/dev/attestation/keys/x").below, "keys/x");
	assert_int_equal(kind_at(&f.tree, "/device"), SIM_MOUNT_HOST);
}

static void mounts_lead_to_the_host_in_the_form_of_their_uri(void **state)
{
	(void)state;
	assert_int_equal(mkdir("runtime", 0755), 0);
	AUTO(free_fixture)
	struct fixture f = tree_of(TABLES MOUNT("chroot", "/lib", "file:runtime")
			MOUNT("chroot", "/etc", "file:/usr"));
	assert_on_host(&f.tree, "/lib", "runtime");
	assert_on_host(&f.tree, "/lib/libc.so.6", "runtime/libc.so.6");
	assert_on_host(&f.tree, "/etc/x/y", "/usr/x/y");
	assert_on_host(&f.tree, "/library", "library");
}

static void later_mounts_hide_earlier_ones(void **state)
{
	(void)state;
	assert_int_equal(mkdir("one", 0755), 0);
	assert_int_equal(mkdir("two", 0755), 0);
	AUTO(free_fixture)
	struct fixture f = tree_of(TABLES MOUNT("chroot", "/a/b", "file:one") MOUNT("chroot", "/c",
		"file:one") MOUNT("chroot", "/a", "file:two") MOUNT("chroot", "/c/d", "file:two"));
	assert_on_host(&f.tree, "/a/b/x", "two/b/x");
	assert_on_host(&f.tree, "/c/x", "one/x");
	assert_on_host(&f.tree, "/c/d/x", "two/x");
	assert_int_equal(count_name(&f.tree, "/a", "b"), 0);
	assert_int_equal(count_name(&f.tree, "/c", "d"), 1);
	assert_int_equal(count_name(&f.tree, "/", "a"), 1);
}

static void mount_points_are_there_without_a_folder_on_the_host(void **state)
{
	(void)state;
	assert_int_equal(mkdir("one", 0755), 0);
	AUTO(free_fixture)
	struct fixture f = tree_of(TABLES MOUNT("chroot", "/deep/er/est", "file:one"));
	assert_true(sim_tree_has_mounts_below(&f.tree, "/deep"));
	assert_true(sim_tree_has_mounts_below(&f.tree, "/deep/er"));
	assert_false(sim_tree_has_mounts_below(&f.tree, "/deep/er/est"));
	assert_false(sim_tree_has_mounts_below(&f.tree, "/de"));
	assert_int_equal(count_name(&f.tree, "/deep", "er"), 1);
	assert_int_equal(count_name(&f.tree, "/dev", "attestation"), 1);
}

static void the_base_of_a_mount_is_what_it_stands_on(void **state)
{
	(void)state;
	assert_int_equal(mkdir("one", 0755), 0);
	AUTO(free_fixture)
	struct fixture f =
		tree_of(TABLES "[[fs.mounts]]\ntype = \"tmpfs\"\npath = \"/tmp\"\n" MOUNT(
			"chroot", "/tmp/one", "file:one") MOUNT("chroot", "/one", "file:one"));
	const struct sim_mount *mounts = f.tree.mounts;
	size_t last = f.tree.count - 1;
	assert_null(sim_tree_base(&f.tree, &mounts[0]));
	assert_ptr_equal(sim_tree_base(&f.tree, &mounts[last]), &mounts[0]);
	assert_ptr_equal(sim_tree_base(&f.tree, &mounts[last - 1]), &mounts[last - 2]);
	assert_int_equal(mounts[last - 2].kind, SIM_MOUNT_TMPFS);
}

static void a_mount_of_nothing_is_refused(void **state)
{
	(void)state;
	struct sim_tree tree = { 0 };
	struct error err = { 0 };
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest =
		manifest_of(TABLES MOUNT("chroot", "/a", "file:missing"));
	assert_failure(sim_tree_build(&tree, manifest, &err), err, ERROR_NOT_FOUND,
		"Looking up mountpoint /a failed: file:missing");
	sim_tree_free(&tree);
}

static void an_encrypted_mount_needs_nothing_on_the_host(void **state)
{
	(void)state;
	struct error err = { 0 };
	struct sim_tree tree = { 0 };
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = manifest_of(TABLES MOUNT("encrypted", "/a",
		"file:not/there") "key_name = \"k\"\nenable_recovery = true\n" MOUNT("encrypted",
		"/b", "file:b"));
	assert_success(sim_tree_build(&tree, manifest, &err), err);
	struct sim_place place = sim_tree_find(&tree, "/a/x");
	AUTO(auto_free) char *host = sim_place_on_host(&place);
	assert_string_equal(host, "not/there/x");
	assert_string_equal(place.mount->key_name, "k");
	assert_true(place.mount->enable_recovery);
	place = sim_tree_find(&tree, "/b");
	assert_string_equal(place.mount->key_name, "default");
	assert_false(place.mount->enable_recovery);
	sim_tree_free(&tree);
}

static void a_device_is_found_by_its_short_name_too(void **state)
{
	(void)state;
	AUTO(free_fixture)
	struct fixture f = tree_of(
		TABLES MOUNT("chroot", "/x", "dev:null") MOUNT("chroot", "/y", "dev:/dev/zero"));
	assert_int_equal(kind_at(&f.tree, "/x"), SIM_MOUNT_DEVICE);
	assert_string_equal(sim_tree_find(&f.tree, "/x").mount->target, "/dev/null");
	assert_string_equal(sim_tree_find(&f.tree, "/y").mount->target, "/dev/zero");
}

static void what_is_no_device_is_not_mounted_as_one(void **state)
{
	(void)state;
	static const char *const uris[] = { "dev:/etc", "dev:/etc/passwd", "dev:../etc" };
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		struct error err = { 0 };
		struct sim_tree tree = { 0 };
		AUTO(auto_free) char *text = xasprintf(TABLES MOUNT("chroot", "/x", "%s"), uris[i]);
		AUTO(auto_graphene_manifest)
		struct graphene_manifest *manifest = manifest_of(text);
		assert_failure(sim_tree_build(&tree, manifest, &err), err, ERROR_INVALID,
			"is no device and not in /dev");
		sim_tree_free(&tree);
	}
}

static void the_interpreter_is_found_by_name_on_the_library_path(void **state)
{
	(void)state;
	assert_int_equal(mkdir("one", 0755), 0);
	assert_int_equal(mkdir("two", 0755), 0);
	write_file("two/ld-linux-x86-64.so.2", "");
	write_file("ld-musl-x86_64.so.1", "");
	AUTO(free_fixture)
	struct fixture f = tree_of(
		TABLES MOUNT("chroot", "/lib", "file:one") MOUNT("chroot", "/opt/lib", "file:two"));
	sim_tree_add_interpreters(&f.tree, NULL);
	assert_on_host(&f.tree, "/lib64/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2");
	sim_tree_add_interpreters(&f.tree, "relative:/lib::/opt/lib:/nowhere");
	assert_on_host(&f.tree, "/lib64/ld-linux-x86-64.so.2", "two/ld-linux-x86-64.so.2");
	assert_on_host(&f.tree, "/lib/ld-musl-x86_64.so.1", "one/ld-musl-x86_64.so.1");
	assert_int_equal(count_name(&f.tree, "/", "lib64"), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_root_is_the_folder_of_the_launcher, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(mounts_lead_to_the_host_in_the_form_of_their_uri,
			enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			later_mounts_hide_earlier_ones, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(mount_points_are_there_without_a_folder_on_the_host,
			enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			the_base_of_a_mount_is_what_it_stands_on, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			a_mount_of_nothing_is_refused, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			an_encrypted_mount_needs_nothing_on_the_host, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			a_device_is_found_by_its_short_name_too, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			what_is_no_device_is_not_mounted_as_one, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(
			the_interpreter_is_found_by_name_on_the_library_path, enter_folder,
			leave_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
