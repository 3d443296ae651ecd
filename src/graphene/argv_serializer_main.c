/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graphene-argv-serializer ARGUMENT... > FILE: writes the file that loader.argv_src_file names,
 * each argument with one NUL behind it (spec graphene-manifest.md clause 8). Has no options,
 * because any argument may be meant for the file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		perror("graphene-argv-serializer: cannot write");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
