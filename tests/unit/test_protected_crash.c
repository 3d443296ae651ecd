/* SPDX-License-Identifier: Apache-2.0 */
/* Protected files whose writer died, or whose host refused, at each write in turn. */
#include "protected_fixture.h"

#define FILE_MAX 700000

/* The content before and after what is interrupted, and what leads from one to the other. */
struct scene {
	uint8_t before[FILE_MAX];
	uint8_t after[FILE_MAX];
	size_t before_size;
	size_t after_size;
	bool is_durable;
	void (*change)(struct scene *scene, struct protected_file *file);
};

static struct protected_file *open_disk(
	struct disk *disk, struct disk_side *side, bool upgrade, struct error *err)
{
	struct protected_options options = disk_options(disk, side, PROTECTED_GRAMINE_1);
	options.upgrade = upgrade;
	return protected_file_open(&options, err);
}

/* A write of the scene's new content. */
static void put(struct scene *scene, struct protected_file *file, size_t offset, size_t size)
{
	fill_random(scene->after + offset, size, offset + 77);
	if (offset + size > scene->after_size)
		scene->after_size = offset + size;
	(void)protected_file_write(file, offset, scene->after + offset, size, NULL);
}

static void change_places(struct scene *scene, struct protected_file *file)
{
	put(scene, file, 10, 100);
	put(scene, file, 3000, 200);
	put(scene, file, 50000, 9000);
	put(scene, file, 450000, 1);
}

static void append(struct scene *scene, struct protected_file *file)
{
	put(scene, file, scene->before_size, 90000);
}

static void shrink(struct scene *scene, struct protected_file *file)
{
	put(scene, file, 20000, 10);
	scene->after_size = 30000;
	(void)protected_file_resize(file, scene->after_size, NULL);
}

static void grow_to_large(struct scene *scene, struct protected_file *file)
{
	put(scene, file, 0, 5000);
}

static void prepare(struct scene *scene, struct disk *disk, enum protected_format format)
{
	struct disk_side side;
	struct error err = { 0 };
	struct protected_options options = disk_options(disk, &side, format);
	struct protected_file *file = protected_file_create(&options, &err);
	assert_success(file != NULL, err);
	fill_random(scene->before, scene->before_size, 5);
	memcpy(scene->after, scene->before, FILE_MAX);
	scene->after_size = scene->before_size;
	must_write(file, 0, scene->before, scene->before_size);
	must_flush(file);
	protected_file_close(file);
}

static bool has_content(struct protected_file *file, const uint8_t *content, size_t size)
{
	static uint8_t found[FILE_MAX];
	struct error err = { 0 };
	size_t got;
	assert_success(protected_file_read(file, 0, found, sizeof(found), &got, &err), err);
	return got == size && !memcmp(found, content, size);
}

/* Lets the writer die at the n-th write. False when it got through; asserts what is left. */
static bool dies_at(struct scene *scene, const struct disk *start, long n, bool upgrade)
{
	struct disk disk = { 0 };
	struct disk after = { 0 };
	struct disk_side side;
	struct error err = { 0 };
	disk_copy(&disk, start);
	struct protected_file *file = open_disk(&disk, &side, upgrade, &err);
	assert_success(file != NULL, err);
	scene->after_size = scene->before_size;
	disk.writes_left = n;
	scene->change(scene, file);
	bool done = scene->is_durable ? protected_file_sync(file, NULL)
				      : protected_file_flush(file, NULL);
	assert_int_equal(done, disk.writes_left > 0);
	disk_copy(&after, &disk); /* what a dead process leaves */
	protected_file_close(file);

	file = open_disk(&after, &side, false, &err);
	assert_success(file != NULL, err);
	bool is_new = has_content(file, scene->after, scene->after_size);
	assert_true(is_new || (!done && has_content(file, scene->before, scene->before_size)));
	/* and it can be written again */
	must_write(file, 100, "again", 5);
	must_flush(file);
	protected_file_close(file);
	file = open_disk(&after, &side, false, &err);
	assert_success(file != NULL, err);
	protected_file_close(file);
	assert_false(after.has_side);
	disk_free(&disk);
	disk_free(&after);
	return !done;
}

static void interrupt(size_t before_size, bool is_durable,
	void (*change)(struct scene *scene, struct protected_file *file))
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	scene->before_size = before_size;
	scene->is_durable = is_durable;
	scene->change = change;
	for (int i = 0; i < 5; i++) {
		/* the last one is a file that becomes another format */
		bool upgrade = i == 4;
		struct disk disk = { .writes_left = -1 };
		prepare(scene, &disk, upgrade ? PROTECTED_GRAMINE_1 : (enum protected_format)i);
		long deaths = 0;
		while (dies_at(scene, &disk, deaths + 1, upgrade))
			deaths++;
		assert_true(deaths >= 2);
		disk_free(&disk);
	}
}

static void a_change_is_made_or_not_wherever_the_writer_dies(void **state)
{
	(void)state;
	interrupt(500000, false, change_places);
	interrupt(500000, false, append);
	interrupt(500000, false, shrink);
	interrupt(1000, false, grow_to_large);
}

static void so_it_is_for_files_that_are_to_be_durable(void **state)
{
	(void)state;
	interrupt(500000, true, change_places);
	interrupt(500000, true, shrink);
}

/* The state of a disk on which format 2 was interrupted while nodes were overwritten. */
static void leave_pending(struct scene *scene, struct disk *pending)
{
	struct disk_side side;
	scene->before_size = 500000;
	scene->change = change_places;
	prepare(scene, pending, PROTECTED_GRAMINE_2);
	struct protected_file *file = open_disk(pending, &side, false, NULL);
	assert_non_null(file);
	change_places(scene, file);
	pending->writes_left = 4; /* the saved nodes, the flag, and then half of the others */
	assert_false(protected_file_flush(file, NULL));
	protected_file_close(file);
	pending->writes_left = -1;
	assert_int_equal(pending->main.data[58], 1);
}

static void a_write_that_cannot_be_taken_back_is_told(void **state)
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	struct disk pending = { .writes_left = -1 };
	struct disk disk = { 0 };
	struct disk_side side;
	struct error err = { 0 };
	(void)state;
	leave_pending(scene, &pending);

	disk_copy(&disk, &pending);
	disk.has_side = false;
	assert_failure(open_disk(&disk, &side, false, &err) != NULL, err, ERROR_STATE,
		".gramine.recovery");
	disk_copy(&disk, &pending);
	disk.side.size -= 1;
	assert_failure(
		open_disk(&disk, &side, false, &err) != NULL, err, ERROR_STATE, "interrupted");
	disk_copy(&disk, &pending);
	disk.side.data[disk.side.size - 1000] ^= 1;
	assert_failure(
		open_disk(&disk, &side, false, &err) != NULL, err, ERROR_STATE, "interrupted");
	disk_copy(&disk, &pending);
	memset(disk.side.data, 0xff, 8); /* where the first saved node stood */
	assert_failure(open_disk(&disk, &side, false, &err) != NULL, err, ERROR_INTERNAL,
		"take an interrupted write back");
	disk_free(&disk);
	disk_free(&pending);
}

static void the_side_file_of_another_state_is_ignored(void **state)
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	struct disk pending = { .writes_left = -1 };
	struct disk disk = { .writes_left = -1 };
	struct disk_side side;
	struct error err = { 0 };
	(void)state;
	leave_pending(scene, &pending);
	prepare(scene, &disk, PROTECTED_GRAMINE_2);
	disk.has_side = true;
	buf_put(&disk.side, pending.side.data, pending.side.size);
	struct protected_file *file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	assert_content(file, scene->before, scene->before_size);
	protected_file_close(file);
	disk_free(&disk);
	disk_free(&pending);
}

static void a_full_host_loses_nothing(void **state)
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	(void)state;
	scene->before_size = 500000;
	for (long n = 0; n < 8; n++) {
		struct disk disk = { .writes_left = -1 };
		struct disk copy = { 0 };
		struct disk_side side;
		struct error err = { 0 };
		prepare(scene, &disk, PROTECTED_GRAMINE_2);
		struct protected_file *file = open_disk(&disk, &side, false, &err);
		assert_success(file != NULL, err);
		change_places(scene, file);
		disk.refuses = true;
		disk.writes_left = n;
		if (protected_file_flush(file, &err))
			assert_true(n > 4);
		else
			assert_int_equal(errno, ENOSPC);
		disk_copy(&copy, &disk);
		struct disk_side copy_side;
		struct protected_file *other = open_disk(&copy, &copy_side, false, &err);
		assert_success(other != NULL, err);
		assert_true(has_content(other, scene->before, scene->before_size) || n > 4);
		protected_file_close(other);
		protected_file_close(file);
		disk_free(&disk);
		disk_free(&copy);
	}
}

static void a_full_host_can_be_written_when_it_has_room_again(void **state)
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	struct disk disk = { .writes_left = -1 };
	struct disk_side side;
	struct error err = { 0 };
	(void)state;
	scene->before_size = 500000;
	prepare(scene, &disk, PROTECTED_GRAMINE_1);
	struct protected_file *file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	change_places(scene, file);
	append(scene, file);
	disk.refuses = true;
	disk.writes_left = 0;
	assert_failure(protected_file_flush(file, &err), err, ERROR_INTERNAL, "No space left");
	disk.writes_left = -1;
	must_flush(file);
	protected_file_close(file);
	file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	assert_content(file, scene->after, scene->after_size);
	protected_file_close(file);
	disk_free(&disk);
}

static void what_a_full_host_has_no_room_for_can_be_cut_off(void **state)
{
	static uint8_t content[2 << 20];
	struct disk disk = { .writes_left = -1 };
	struct disk_side side;
	struct error err = { 0 };
	(void)state;
	struct protected_options options = disk_options(&disk, &side, PROTECTED_GRAMINE_1);
	struct protected_file *file = protected_file_create(&options, &err);
	assert_success(file != NULL, err);
	fill_random(content, sizeof(content), 9);
	disk.refuses = true;
	disk.writes_left = 0;
	assert_failure(protected_file_write(file, 0, content, sizeof(content), &err), err,
		ERROR_INTERNAL, "No space left");
	assert_success(protected_file_resize(file, 5000, &err), err);
	assert_content(file, content, 5000);
	disk.writes_left = -1;
	must_flush(file);
	protected_file_close(file);
	file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	assert_content(file, content, 5000);
	protected_file_close(file);
	disk_free(&disk);
}

static void without_a_side_file_it_is_written_all_the_same(void **state)
{
	AUTO(auto_free) struct scene *scene = xcalloc(1, sizeof(*scene));
	struct disk disk = { .writes_left = -1, .refuses_side = true };
	struct disk_side side;
	struct error err = { 0 };
	(void)state;
	scene->before_size = 500000;
	prepare(scene, &disk, PROTECTED_GRAMINE_2);
	struct protected_file *file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	change_places(scene, file);
	must_flush(file);
	protected_file_close(file);
	file = open_disk(&disk, &side, false, &err);
	assert_success(file != NULL, err);
	assert_content(file, scene->after, scene->after_size);
	protected_file_close(file);
	disk_free(&disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_made_or_not_wherever_the_writer_dies),
		cmocka_unit_test(so_it_is_for_files_that_are_to_be_durable),
		cmocka_unit_test(a_write_that_cannot_be_taken_back_is_told),
		cmocka_unit_test(the_side_file_of_another_state_is_ignored),
		cmocka_unit_test(a_full_host_loses_nothing),
		cmocka_unit_test(a_full_host_can_be_written_when_it_has_room_again),
		cmocka_unit_test(what_a_full_host_has_no_room_for_can_be_cut_off),
		cmocka_unit_test(without_a_side_file_it_is_written_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
