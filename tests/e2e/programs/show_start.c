/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that tells how it was started, one fact a line: its arguments, its environment,
 * whether it may be dumped, and what a constructor of its own found in the file "early" and in the
 * variable EARLY. Exit status 42.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static char early_file[64];
static const char *early_variable;

__attribute__((constructor)) static void look_early(void)
{
	FILE *file = fopen("early", "r");
	early_variable = getenv("EARLY");
	if (file && fgets(early_file, sizeof(early_file), file))
		fclose(file);
}

int main(int argc, char **argv, char **envp)
{
	for (int i = 0; i < argc; i++)
		printf("argument %s\n", argv[i]);
	for (; *envp; envp++)
		printf("variable %s\n", *envp);
	printf("early %s %s\n", early_file, early_variable ? early_variable : "");
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	return argv[argc] ? 1 : 42;
}
