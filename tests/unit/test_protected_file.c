/* SPDX-License-Identifier: Apache-2.0 */
/* Protected files as their users see them: bytes in, bytes out, and nothing that was not written.
 */
#include "protected_fixture.h"

#define MODEL_MAX   (3 << 20)
#define OPERATIONS  100000 /* PROTECTED_FILE_OPERATIONS sets another number */
#define LARGE_WRITE 300000

/* A new file on a disk. */
struct fixture {
	struct disk disk;
	struct disk_side side;
	struct protected_file *file;
};

static void create(struct fixture *f, enum protected_format format)
{
	struct error err = { 0 };
	*f = (struct fixture){ .disk = { .writes_left = -1 } };
	struct protected_options options = disk_options(&f->disk, &f->side, format);
	f->file = protected_file_create(&options, &err);
	assert_success(f->file != NULL, err);
}

static void reopen(struct fixture *f)
{
	struct error err = { 0 };
	must_flush(f->file);
	protected_file_close(f->file);
	struct protected_options options = disk_options(&f->disk, &f->side, PROTECTED_GRAMINE_1);
	f->file = protected_file_open(&options, &err);
	assert_success(f->file != NULL, err);
}

static void destroy(struct fixture *f)
{
	protected_file_close(f->file);
	disk_free(&f->disk);
}

/* What opening says; asserts that it fails. */
static void refuse_open(struct disk *disk, const uint8_t *key, const char *path,
	enum error_kind kind, const char *text)
{
	struct disk_side side;
	struct error err = { 0 };
	struct protected_options options = disk_options(disk, &side, PROTECTED_GRAMINE_1);
	memcpy(options.key, key, CIPHER_KEY_SIZE);
	options.path = path;
	assert_failure(protected_file_open(&options, &err) != NULL, err, kind, text);
}

static void files_of_all_sizes_come_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 3071, 3072, 3073, 3072 + 4095, 3072 + 4096,
		3072 + 4097, 3072 + 95 * 4096, 3072 + 96 * 4096 - 1, 3072 + 96 * 4096,
		3072 + 96 * 4096 + 1, 3072 + 97 * 4096 + 1, 3072 + 32 * 96 * 4096 + 1,
		3072 + 34 * 96 * 4096 + 5 };
	AUTO(auto_free) uint8_t *content = xmalloc(sizes[14]);
	(void)state;
	fill_random(content, sizes[14], 1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct fixture f;
		create(&f, (enum protected_format)(i % 4));
		must_write(f.file, 0, content, sizes[i]);
		assert_content(f.file, content, sizes[i]);
		reopen(&f);
		assert_int_equal(f.disk.main.size, layout_node_count(sizes[i]) * LAYOUT_NODE_SIZE);
		assert_int_equal(protected_file_format(f.file), i % 4);
		assert_content(f.file, content, sizes[i]);
		destroy(&f);
	}
}

static void a_hundred_mebibytes_come_back(void **state)
{
	enum { STEP = 1 << 20, STEPS = 100 };
	AUTO(auto_free) uint8_t *step = xmalloc(STEP);
	AUTO(auto_free) uint8_t *found = xmalloc(STEP);
	struct fixture f;
	size_t got;
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	for (uint64_t i = 0; i < STEPS; i++) {
		memset(step, (int)i, STEP);
		must_write(f.file, i * STEP, step, STEP);
	}
	reopen(&f);
	for (uint64_t i = 0; i < STEPS; i++) {
		memset(step, (int)i, STEP);
		assert_true(protected_file_read(f.file, i * STEP, found, STEP, &got, NULL));
		assert_int_equal(got, STEP);
		assert_memory_equal(step, found, STEP);
	}
	/* little is written more than once: keys above the data, and what is saved of them */
	assert_true(f.disk.written < STEP * (size_t)STEPS * 11 / 10);
	destroy(&f);
}

/* What a byte array does, a protected file does. */
struct model {
	uint8_t content[MODEL_MAX];
	size_t size;
	uint64_t seed;
};

static size_t pick(struct model *model, size_t limit)
{
	return (size_t)(test_random(&model->seed) % limit);
}

/* Mostly small, at times over many nodes. */
static size_t pick_size(struct model *model)
{
	return pick(model, pick(model, 10) ? 9000 : LARGE_WRITE);
}

static void write_both(struct model *model, struct protected_file *file)
{
	size_t size = pick_size(model);
	size_t limit = pick(model, 10) ? model->size + 1 : MODEL_MAX - size;
	size_t offset = pick(model, limit < MODEL_MAX - size ? limit : MODEL_MAX - size);
	if (!size)
		return;
	if (offset > model->size)
		memset(model->content + model->size, 0, offset - model->size);
	fill_random(model->content + offset, size, test_random(&model->seed));
	model->size = offset + size > model->size ? offset + size : model->size;
	must_write(file, offset, model->content + offset, size);
}

static void read_both(struct model *model, struct protected_file *file)
{
	struct error err = { 0 };
	size_t got;
	size_t size = pick_size(model);
	size_t offset = pick(model, model->size + 100);
	size_t left = offset < model->size ? model->size - offset : 0;
	AUTO(auto_free) uint8_t *found = xmalloc(size + 1);
	assert_success(protected_file_read(file, offset, found, size, &got, &err), err);
	assert_int_equal(got, size < left ? size : left);
	if (got)
		assert_memory_equal(found, model->content + offset, got);
}

static void resize_both(struct model *model, struct protected_file *file)
{
	struct error err = { 0 };
	size_t size = pick(model, pick(model, 3) ? model->size + 20000 : 8000);
	if (size > MODEL_MAX)
		return;
	if (size > model->size)
		memset(model->content + model->size, 0, size - model->size);
	model->size = size;
	assert_success(protected_file_resize(file, size, &err), err);
}

static void random_operations_do_what_they_do_to_a_byte_array(void **state)
{
	const char *wanted = getenv("PROTECTED_FILE_OPERATIONS");
	AUTO(auto_free) struct model *model = xcalloc(1, sizeof(*model));
	struct fixture f;
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	model->seed = 42;
	for (long i = wanted ? strtol(wanted, NULL, 10) : OPERATIONS; i > 0; i--) {
		switch (pick(model, 12)) {
		case 0:
			reopen(&f);
			break;
		case 1:
			must_flush(f.file);
			break;
		case 2:
		case 3:
			resize_both(model, f.file);
			break;
		case 4:
		case 5:
		case 6:
			read_both(model, f.file);
			break;
		default:
			write_both(model, f.file);
		}
	}
	reopen(&f);
	assert_content(f.file, model->content, model->size);
	destroy(&f);
}

static void a_gap_reads_as_zeros(void **state)
{
	AUTO(auto_free) uint8_t *expected = xcalloc(1, 2000001);
	struct fixture f;
	(void)state;
	create(&f, PROTECTED_GRAPHENE);
	must_write(f.file, 2000000, "x", 1);
	expected[2000000] = 'x';
	reopen(&f);
	assert_content(f.file, expected, 2000001);
	destroy(&f);
}

static void what_was_cut_off_does_not_come_back(void **state)
{
	static const size_t ends[] = { 0, 100, 3072, 3073, 7168, 100000 };
	AUTO(auto_free) uint8_t *content = xcalloc(1, 500000);
	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct fixture f;
		struct error err = { 0 };
		memset(content, 'x', 500000);
		create(&f, PROTECTED_GRAPHENE);
		must_write(f.file, 0, content, 500000);
		must_flush(f.file);
		assert_success(protected_file_resize(f.file, ends[i], &err), err);
		reopen(&f);
		assert_int_equal(f.disk.main.size, layout_node_count(ends[i]) * LAYOUT_NODE_SIZE);
		assert_success(protected_file_resize(f.file, 500000, &err), err);
		memset(content + ends[i], 0, 500000 - ends[i]);
		reopen(&f);
		assert_content(f.file, content, 500000);
		destroy(&f);
	}
}

static void nodes_behind_the_end_are_ignored(void **state)
{
	struct fixture f;
	(void)state;
	create(&f, PROTECTED_GRAMINE_1);
	must_write(f.file, 0, "short", 5);
	must_flush(f.file);
	for (int i = 0; i < 3 * LAYOUT_NODE_SIZE; i++)
		buf_put_u8(&f.disk.main, 0xee);
	reopen(&f);
	assert_content(f.file, "short", 5);
	must_write(f.file, 5000, "x", 1);
	reopen(&f);
	assert_int_equal(protected_file_size(f.file), 5001);
	destroy(&f);
}

static void key_and_path_must_be_the_right_ones(void **state)
{
	static const uint8_t other_key[CIPHER_KEY_SIZE] = { 1 };
	struct fixture f;
	struct error err = { 0 };
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	must_write(f.file, 0, "content", 7);
	reopen(&f);
	refuse_open(&f.disk, other_key, "data/file", ERROR_DENIED, "another key");
	refuse_open(
		&f.disk, test_key, "./data/file", ERROR_DENIED, "bound to the path \"data/file\"");
	refuse_open(&f.disk, test_key, "data/fil", ERROR_DENIED, "bound to the path \"data/file\"");

	assert_success(protected_file_rename(f.file, "data/new", &err), err);
	refuse_open(&f.disk, test_key, "data/file", ERROR_DENIED, "bound to the path \"data/new\"");
	struct protected_options options = disk_options(&f.disk, &f.side, PROTECTED_GRAPHENE);
	options.path = NULL;
	struct protected_file *any = protected_file_open(&options, &err);
	assert_success(any != NULL, err);
	assert_string_equal(protected_file_path(any), "data/new");
	assert_content(any, "content", 7);
	protected_file_close(any);
	destroy(&f);
}

static void a_path_has_at_most_771_bytes(void **state)
{
	char path[METADATA_PATH_SIZE + 1] = { 0 };
	struct fixture f;
	struct error err = { 0 };
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	memset(path, 'x', 771);
	assert_success(protected_file_rename(f.file, path, &err), err);
	path[771] = 'x';
	assert_failure(protected_file_rename(f.file, path, &err), err, ERROR_INTERNAL, "too long");
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(strlen(protected_file_path(f.file)), 771);
	destroy(&f);
}

static void a_file_that_was_cut_off_is_refused(void **state)
{
	static const uint8_t content[20000];
	struct fixture f;
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	must_write(f.file, 0, content, sizeof(content));
	must_flush(f.file);
	f.disk.main.size -= 1;
	refuse_open(&f.disk, test_key, "data/file", ERROR_INVALID, "not a multiple");
	f.disk.main.size -= LAYOUT_NODE_SIZE - 1;
	refuse_open(&f.disk, test_key, "data/file", ERROR_DENIED, "cut off");
	f.disk.main.size = 0;
	refuse_open(&f.disk, test_key, "data/file", ERROR_INVALID, "not a multiple");
	destroy(&f);
}

/* Piece by piece, what can be read is what was written; true if all of it can be. */
static bool reads_the_same(struct disk *disk, const uint8_t *content, size_t size)
{
	uint8_t found[1000];
	struct disk_side side;
	bool all = true;
	size_t got;
	struct protected_options options = disk_options(disk, &side, PROTECTED_GRAMINE_2);
	AUTO(auto_protected_file) struct protected_file *file = protected_file_open(&options, NULL);
	for (size_t at = 0; file && at < size; at += sizeof(found)) {
		if (!protected_file_read(file, at, found, sizeof(found), &got, NULL)) {
			all = false;
			continue;
		}
		assert_int_equal(got, size - at < sizeof(found) ? size - at : sizeof(found));
		assert_memory_equal(found, content + at, got);
	}
	return file && all;
}

static void no_byte_can_be_changed_unnoticed(void **state)
{
	uint8_t content[8000];
	(void)state;
	fill_random(content, sizeof(content), 3);
	for (int format = 0; format < 4; format++) {
		struct fixture f;
		create(&f, (enum protected_format)format);
		must_write(f.file, 0, content, sizeof(content));
		must_flush(f.file);
		bool is_last = format == PROTECTED_GRAMINE_2;
		size_t sealed_end = 3942 + (size_t)is_last;
		for (size_t i = 0; i < f.disk.main.size; i++) {
			f.disk.main.data[i] ^= 1;
			bool same = reads_the_same(&f.disk, content, sizeof(content));
			/* only the minor version and the padding have no meaning */
			bool ignored = i == 9 || (i >= sealed_end && i < LAYOUT_NODE_SIZE);
			assert_int_equal(same, ignored);
			f.disk.main.data[i] ^= 1;
		}
		destroy(&f);
	}
}

static void nodes_cannot_change_places(void **state)
{
	static const uint8_t content[3072 + 3 * 4096];
	struct fixture f;
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	must_write(f.file, 0, content, sizeof(content));
	must_flush(f.file);
	uint8_t *nodes = f.disk.main.data;
	memcpy(nodes + 2 * LAYOUT_NODE_SIZE, nodes + 3 * LAYOUT_NODE_SIZE, LAYOUT_NODE_SIZE);
	assert_false(reads_the_same(&f.disk, content, sizeof(content)));
	destroy(&f);
}

static void a_change_shows_after_opening_too(void **state)
{
	AUTO(auto_free) uint8_t *content = xcalloc(1, 1 << 20);
	struct fixture f;
	struct error err = { 0 };
	size_t got;
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	must_write(f.file, 0, content, 1 << 20);
	reopen(&f);
	f.disk.main.data[layout_data_position(100) * LAYOUT_NODE_SIZE] ^= 1;
	assert_failure(protected_file_read(f.file, 0, content, 1 << 20, &got, &err), err,
		ERROR_DENIED, "changed outside");
	assert_failure(protected_file_write(f.file, layout_data_offset(100) + 1, "x", 1, &err), err,
		ERROR_DENIED, "changed outside");
	destroy(&f);
}

static void upgraded_files_become_gramines_when_they_are_written(void **state)
{
	struct fixture f;
	struct error err = { 0 };
	(void)state;
	create(&f, PROTECTED_GRAPHENE);
	must_write(f.file, 0, "old", 3);
	must_flush(f.file);
	protected_file_close(f.file);
	struct protected_options options = disk_options(&f.disk, &f.side, PROTECTED_GRAPHENE);
	options.upgrade = true;
	f.file = protected_file_open(&options, &err);
	assert_success(f.file != NULL, err);
	assert_memory_equal(f.disk.main.data, "GRAPH_PF\1", 9);
	must_write(f.file, 0, "new", 3);
	must_flush(f.file);
	assert_memory_equal(f.disk.main.data, "GRAFS_PF\2", 9);
	reopen(&f);
	assert_content(f.file, "new", 3);
	destroy(&f);
}

static void too_large_a_file_is_refused(void **state)
{
	struct fixture f;
	struct error err = { 0 };
	(void)state;
	create(&f, PROTECTED_GRAMINE_2);
	assert_failure(protected_file_resize(f.file, LAYOUT_SIZE_MAX + 1, &err), err,
		ERROR_INTERNAL, "File too large");
	assert_failure(protected_file_write(f.file, UINT64_MAX, "x", 1, &err), err, ERROR_INTERNAL,
		"File too large");
	assert_int_equal(protected_file_size(f.file), 0);
	destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_sizes_come_back),
		cmocka_unit_test(a_hundred_mebibytes_come_back),
		cmocka_unit_test(random_operations_do_what_they_do_to_a_byte_array),
		cmocka_unit_test(a_gap_reads_as_zeros),
		cmocka_unit_test(what_was_cut_off_does_not_come_back),
		cmocka_unit_test(nodes_behind_the_end_are_ignored),
		cmocka_unit_test(key_and_path_must_be_the_right_ones),
		cmocka_unit_test(a_path_has_at_most_771_bytes),
		cmocka_unit_test(a_file_that_was_cut_off_is_refused),
		cmocka_unit_test(no_byte_can_be_changed_unnoticed),
		cmocka_unit_test(nodes_cannot_change_places),
		cmocka_unit_test(a_change_shows_after_opening_too),
		cmocka_unit_test(upgraded_files_become_gramines_when_they_are_written),
		cmocka_unit_test(too_large_a_file_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
