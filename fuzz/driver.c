/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzing engine: on its seeds (fuzz/seeds/TARGET/, given as argument)
 * and on mutations of them, the same ones at every run, about as many whatever seeds there are.
 * Under the sanitizers this is the smoke test of each parser; for real campaigns build with
 * -Dfuzzing=true, which links libFuzzer instead.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS   3000 /* of all seeds together */
#define SEED_MAX (1U << 20)

/* xorshift64: repeatable, which is all that matters here */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void mutate_once(struct buf *input, uint64_t *random)
{
	if (!input->size)
		return;
	size_t at = next_random(random) % input->size;
	size_t length = next_random(random) % (input->size - at) + 1;
	switch (next_random(random) % 5) {
	case 0:
		input->data[at] ^= (uint8_t)(1U << next_random(random) % 8);
		break;
	case 1:
		input->data[at] = (uint8_t)next_random(random);
		break;
	case 2:
		input->size = at;
		break;
	case 3:
		memmove(input->data + at, input->data + at + length, input->size - at - length);
		input->size -= length;
		break;
	default:
		memset(input->data + at, (int)(next_random(random) & 1 ? 0xff : 0),
			length < 8 ? length : 8);
	}
}

static void run_mutations(const struct buf *seed, int rounds, uint64_t *random)
{
	for (int round = 0; round < rounds; round++) {
		AUTO(buf_free) struct buf input = { 0 };
		buf_put(&input, seed->data, seed->size);
		for (uint64_t i = next_random(random) % 4; i < 4; i++)
			mutate_once(&input, random);
		/* a copy of exact size, so that reading one byte too far is seen */
		AUTO(auto_free) uint8_t *exact = xmalloc(input.size);
		if (input.size)
			memcpy(exact, input.data, input.size);
		LLVMFuzzerTestOneInput(exact, input.size);
	}
}

static bool run_seed(const char *path, int rounds, uint64_t *random)
{
	AUTO(buf_free) struct buf seed = { 0 };
	if (!file_read(path, SEED_MAX, &seed, NULL))
		return false;
	LLVMFuzzerTestOneInput(seed.data, seed.size);
	run_mutations(&seed, rounds, random);
	return true;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names, as the mutations depend on it. */
static int run_seeds(const char *folder, uint64_t *random)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_visible, alphasort);
	int seeds = 0;
	for (int i = 0; i < count; i++) {
		AUTO(auto_free) char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		seeds += run_seed(path, ROUNDS / count + 1, random);
		free(entries[i]);
	}
	free(entries);
	return seeds;
}

int main(int argc, char **argv)
{
	uint64_t random = UINT64_C(0x9e3779b97f4a7c15);
	int seeds = 0;
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		seeds += run_seeds(argv[i], &random);
	printf("%d seeds\n", seeds);
	return seeds > 0 ? 0 : 1;
}
