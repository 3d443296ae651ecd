/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_in_memory FILE: prints how often the first 16 bytes of the file stand in the writable
 * memory of this process, but for those in its own hands. It allocates as little as it can, so that
 * what was in freed memory when it started still is.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE 16

static unsigned count(int memory, uintptr_t start, uintptr_t end, const char *pattern)
{
	static char page[2 * 4096];
	unsigned found = 0;
	/* pages overlap by one less than the pattern */
	for (uintptr_t at = start; at < end; at += 4096) {
		ssize_t got = pread(memory, page, 4096 + SIZE - 1, (off_t)at);
		for (ssize_t i = 0; i + SIZE <= got; i++)
			found += !memcmp(page + i, pattern, SIZE) &&
				 at + (uintptr_t)i != (uintptr_t)pattern;
	}
	memset(page, 0, sizeof(page));
	return found;
}

int main(int argc, char **argv)
{
	static char pattern[SIZE];
	static char line[1024];
	static char buffer[4096];
	unsigned found = 0;
	int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	int memory = open("/proc/self/mem", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	if (file < 0 || memory < 0 || !maps || read(file, pattern, SIZE) != SIZE)
		return 1;
	setvbuf(maps, buffer, _IOFBF, sizeof(buffer));
	while (fgets(line, sizeof(line), maps)) {
		/* START-END rw.. … */
		char *rest;
		uintptr_t start = strtoul(line, &rest, 16);
		uintptr_t end = strtoul(rest + 1, &rest, 16);
		if (rest[2] == 'w')
			found += count(memory, start, end, pattern);
	}
	printf("%u\n", found);
	return 0;
}
