/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that knows nothing of MarbleRun: it prints its arguments, its environment and two
 * files. What it shows is what its Marble was given.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The value, or of values of several lines the first one and how many follow. */
static void print_value(const char *value)
{
	size_t lines = 0;
	for (const char *next = value; (next = strchr(next, '\n')); next++)
		lines++;
	int first = (int)strcspn(value, "\n");
	printf("%.*s", first, value);
	if (lines > 1)
		printf(" … (%zu lines)", lines);
	putchar('\n');
}

static bool print_file(const char *path)
{
	char content[4096];
	FILE *file = fopen(path, "r");
	if (!file) {
		printf("  %s: not there\n", path);
		return false;
	}
	size_t size = fread(content, 1, sizeof(content) - 1, file);
	fclose(file);
	content[size] = 0;
	printf("  %s: ", path);
	print_value(content);
	return true;
}

int main(int argc, char **argv)
{
	puts("Hello from the application.");
	puts("arguments:");
	for (int i = 0; i < argc; i++)
		printf("  %s\n", argv[i]);
	puts("environment:");
	for (char **variable = environ; *variable; variable++) {
		printf("  ");
		print_value(*variable);
	}
	puts("files:");
	bool complete = print_file("/data/greeting") & print_file("/data/ca.pem");
	return complete ? 0 : 1;
}
