/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_nodes.h"

#include <fcntl.h>
#include <sys/stat.h>

DEFINE_AUTO_FREE(auto_nodes, struct sim_nodes *, sim_nodes_free)

static const struct sim_identity some_file = { 1, 10 };
static const struct sim_identity other_file = { 1, 11 };

static struct sim_node *look_up(struct sim_nodes *nodes, struct sim_node *parent, const char *name)
{
	return sim_nodes_look_up(nodes, parent, name, some_file);
}

static void assert_path(struct sim_nodes *nodes, const struct sim_node *node, const char *name,
	const char *expected)
{
	AUTO(auto_free) char *path = sim_nodes_path(nodes, node, name);
	if (!expected) {
		assert_null(path);
		return;
	}
	assert_non_null(path);
	assert_string_equal(path, expected);
}

static void a_node_knows_its_path(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	struct sim_node *a = look_up(nodes, root, "a");
	struct sim_node *b = look_up(nodes, a, "long name");
	assert_path(nodes, root, NULL, "/");
	assert_path(nodes, root, "x", "/x");
	assert_path(nodes, b, NULL, "/a/long name");
	assert_path(nodes, b, "c", "/a/long name/c");
	assert_ptr_equal(look_up(nodes, root, "a"), a);
}

static void renaming_a_folder_moves_what_is_below(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	struct sim_node *a = look_up(nodes, root, "a");
	struct sim_node *b = look_up(nodes, a, "b");
	struct sim_node *target = look_up(nodes, root, "target");
	struct sim_node *victim = look_up(nodes, target, "new");
	sim_nodes_rename(nodes, root, "a", target, "new");
	assert_path(nodes, b, NULL, "/target/new/b");
	assert_path(nodes, victim, NULL, NULL);
	assert_ptr_equal(look_up(nodes, target, "new"), a);
	assert_ptr_not_equal(look_up(nodes, root, "a"), a);
	sim_nodes_rename(nodes, target, "new", target, "new");
	assert_path(nodes, a, NULL, "/target/new");
	sim_nodes_forget(nodes, victim, 1);
}

static void a_removed_node_has_no_path_and_neither_have_its_children(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	struct sim_node *a = look_up(nodes, root, "a");
	struct sim_node *b = look_up(nodes, a, "b");
	sim_nodes_remove(nodes, root, "a");
	assert_path(nodes, a, NULL, NULL);
	assert_path(nodes, b, NULL, NULL);
	assert_path(nodes, a, "x", NULL);
	assert_ptr_not_equal(look_up(nodes, root, "a"), a);
	sim_nodes_forget(nodes, b, 1);
	sim_nodes_forget(nodes, a, 1);
}

static void another_file_under_the_same_name_is_another_node(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	struct sim_node *old = look_up(nodes, root, "a");
	struct sim_node *new = sim_nodes_look_up(nodes, root, "a", other_file);
	assert_ptr_not_equal(old, new);
	assert_path(nodes, old, NULL, NULL);
	assert_path(nodes, new, NULL, "/a");
	assert_true(sim_nodes_is(nodes, old, some_file));
	assert_false(sim_nodes_is(nodes, new, some_file));
	assert_true(sim_nodes_is(nodes, root, other_file));
	sim_nodes_forget(nodes, old, 1);
}

static void an_open_handle_keeps_a_removed_node(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	struct sim_node *node = look_up(nodes, root, "a");
	assert_int_equal(sim_nodes_dup_open(nodes, node), -1);
	struct sim_handle *handle = xcalloc(1, sizeof(*handle));
	handle->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = handle->fd;
	sim_nodes_add_handle(nodes, node, handle);
	sim_nodes_remove(nodes, root, "a");
	sim_nodes_forget(nodes, node, 1);
	int duplicate = sim_nodes_dup_open(nodes, node);
	assert_true(duplicate >= 0);
	close(duplicate);
	sim_nodes_drop_handle(nodes, handle);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void specials_stay_until_they_are_removed(void **state)
{
	(void)state;
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	sim_nodes_add_special(nodes, root, "fifo", S_IFIFO | 0644);
	sim_nodes_add_special(nodes, root, "socket", S_IFSOCK | 0755);
	struct sim_node *fifo = look_up(nodes, root, "fifo");
	assert_int_equal(sim_nodes_special(nodes, fifo, NULL), S_IFIFO | 0644);
	sim_nodes_forget(nodes, fifo, 1);
	assert_int_equal(sim_nodes_special(nodes, root, "fifo"), S_IFIFO | 0644);
	AUTO(auto_free) char *first = sim_nodes_special_name(nodes, root, 0);
	AUTO(auto_free) char *second = sim_nodes_special_name(nodes, root, 1);
	assert_non_null(first);
	assert_non_null(second);
	assert_string_not_equal(first, second);
	assert_null(sim_nodes_special_name(nodes, root, 2));
	sim_nodes_remove(nodes, root, "fifo");
	assert_int_equal(sim_nodes_special(nodes, root, "fifo"), 0);
}

static void many_names_are_told_apart(void **state)
{
	(void)state;
	enum { COUNT = 5000 };
	static struct sim_node *found[COUNT];
	AUTO(auto_nodes) struct sim_nodes *nodes = sim_nodes_new();
	struct sim_node *root = sim_nodes_root(nodes);
	char name[32];
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		found[i] = look_up(nodes, root, name);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		assert_ptr_equal(look_up(nodes, root, name), found[i]);
		sim_nodes_forget(nodes, found[i], 2);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_knows_its_path),
		cmocka_unit_test(renaming_a_folder_moves_what_is_below),
		cmocka_unit_test(a_removed_node_has_no_path_and_neither_have_its_children),
		cmocka_unit_test(another_file_under_the_same_name_is_another_node),
		cmocka_unit_test(an_open_handle_keeps_a_removed_node),
		cmocka_unit_test(specials_stay_until_they_are_removed),
		cmocka_unit_test(many_names_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
