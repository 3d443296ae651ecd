/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What protected files cost: 256 MiB from front to back, and 4 KiB at random places, against
 * AES-128-GCM alone of the same bytes and against a plain file. One JSON object per line on stdout;
 * rates are MiB/s, and what counts as limit is what the slower of both allows.
 */
#include "bench.h"

#include "base/memory.h"
#include "crypto/digest.h"
#include "protected/file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MIB      (1U << 20)
#define TOTAL    (256U * MIB)
#define STEP     (128U * 1024) /* what the kernel asks FUSE for at once */
#define SMALL    4096U
#define ACCESSES 20000

/* Something that can be read and written at an offset. */
struct target {
	struct protected_file *file; /* NULL: the descriptor is a plain file */
	int fd;
};

static void put(const struct target *target, uint64_t offset, const void *data, size_t size)
{
	if (target->file)
		MUST(protected_file_write(target->file, offset, data, size, NULL));
	else
		MUST(pwrite(target->fd, data, size, (off_t)offset) == (ssize_t)size);
}

static void get(const struct target *target, uint64_t offset, void *out, size_t size)
{
	size_t got = size;
	if (target->file)
		MUST(protected_file_read(target->file, offset, out, size, &got, NULL));
	else
		MUST(pread(target->fd, out, size, (off_t)offset) == (ssize_t)size);
	MUST(got == size);
}

/* MiB/s of writing or reading so many bytes in steps, in order or at random. */
static double measure(const struct target *target, bool writes, size_t step, size_t count)
{
	AUTO(auto_free) uint8_t *data = xcalloc(1, STEP);
	uint32_t random = 1;
	double start = bench_seconds();
	for (size_t i = 0; i < count; i++) {
		random = random * 1664525 + 1013904223;
		uint64_t at = step == STEP ? i : (random >> 8) % (TOTAL / step);
		if (writes)
			put(target, at * step, data, step);
		else
			get(target, at * step, data, step);
	}
	if (writes && target->file)
		MUST(protected_file_flush(target->file, NULL));
	return (double)count * (double)step / MIB / (bench_seconds() - start);
}

/* MiB/s of nothing but encrypting nodes, each with a key of its own. */
static double measure_cipher(void)
{
	AUTO(auto_cipher) struct cipher *cipher = cipher_new();
	uint8_t node[LAYOUT_NODE_SIZE] = { 0 };
	uint8_t key[CIPHER_KEY_SIZE] = { 0 };
	uint8_t tag[CIPHER_TAG_SIZE];
	double start = bench_seconds();
	for (uint32_t i = 0; i < TOTAL / LAYOUT_NODE_SIZE; i++) {
		memcpy(key, &i, sizeof(i));
		cipher_encrypt(cipher, key, node, sizeof(node), node, tag);
	}
	return (double)TOTAL / MIB / (bench_seconds() - start);
}

static int open_temporary(void)
{
	char path[] = "/tmp/bench_protected_files.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	MUST(fd >= 0);
	unlink(path);
	return fd;
}

/* Without it a file would not be written as safely as it is in use. */
static struct host_file *open_side(struct side_file *side, bool create)
{
	(void)side;
	return create ? host_file_of_fd(open_temporary()) : NULL;
}

static void remove_side(struct side_file *side)
{
	(void)side;
}

int main(void)
{
	static const struct {
		const char *name;
		bool writes;
		size_t step;
		size_t count;
	} cases[] = { { "protected-files-write", true, STEP, TOTAL / STEP },
		{ "protected-files-read", false, STEP, TOTAL / STEP },
		{ "protected-files-write-4k", true, SMALL, ACCESSES },
		{ "protected-files-read-4k", false, SMALL, ACCESSES } };
	struct protected_options options = { .path = "bench", .format = PROTECTED_GRAMINE_2 };
	struct side_file side = { open_side, remove_side };
	options.side = &side;
	options.host = host_file_of_fd(open_temporary());
	struct target secret = { .file = protected_file_create(&options, NULL) };
	struct target plain = { .fd = open_temporary() };
	MUST(secret.file);
	double cipher = measure_cipher();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		double alone = measure(&plain, cases[i].writes, cases[i].step, cases[i].count);
		double figure = measure(&secret, cases[i].writes, cases[i].step, cases[i].count);
		/* both have to be done for each byte, one after the other */
		bench_print(cases[i].name, figure, "MiB/s", 1 / (1 / cipher + 1 / alone));
	}
	bench_print("protected-files-cipher", cipher, "MiB/s", cipher);
	protected_file_close(secret.file);
	close(plain.fd);
	return 0;
}
