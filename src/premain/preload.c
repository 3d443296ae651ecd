/* SPDX-License-Identifier: Apache-2.0 */
/*
 * premain-graphene.so: loaded into the application with LD_PRELOAD, it activates the Marble before
 * the application runs.
 *
 * It does so by standing in front of __libc_start_main, which every program calls first, and not in
 * a constructor: a constructor can neither give main other arguments nor be sure to run before the
 * constructors of the program, which may already read files or variables. When the program calls
 * __libc_start_main the C library and all shared libraries are set up, and nothing of the program
 * itself has run.
 *
 * Children do not run it again: LD_PRELOAD is not in the environment that the application gets.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "crypto/openssl.h"
#include "premain/premain.h"

#include <dlfcn.h>
#include <stdint.h>
#include <sys/prctl.h>

/* Takes the place of a stream in functions of static libraries that are not called (meson.build).
 */
extern void *premain_no_stream;
void *premain_no_stream;

/* The program's own, or what is to be run in its place. */
struct start {
	int argc;
	char **argv;
};

static int count(char *const *list)
{
	int number = 0;
	while (list[number])
		number++;
	return number;
}

/* Decryption leaves pieces of its result in stack that is not in use any more… */
__attribute__((noinline)) static void wipe_unused_stack(void)
{
	uint8_t room[65536];
	memory_wipe(room, sizeof(room));
}

/* …and in vector registers, which the dynamic loader then saves in the application's stack. */
static void wipe_vector_registers(void)
{
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall"
				 :
				 :
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
				 "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
				 "xmm15");
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(".irp number,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
				 "vpxord %zmm\\number, %zmm\\number, %zmm\\number\n"
				 ".endr");
}

static void activate(struct start *start)
{
	struct workload workload = { 0 };
	int dumpable = prctl(PR_GET_DUMPABLE);
	if (!premain_run(&workload))
		_exit(EXIT_FAILURE);
	environ = workload.env;
	if (workload.argv)
		*start = (struct start){ count(workload.argv), workload.argv };
	/* our private copy of the library is not needed any more; the application's is another */
	OPENSSL_cleanup();
	wipe_unused_stack();
	wipe_vector_registers();
	/* from here on this process is the application's */
	if (dumpable > 0)
		(void)prctl(PR_SET_DUMPABLE, dumpable);
}

typedef int (*start_function)(int (*main)(int, char **, char **), int argc, char **argv,
	void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
	__attribute__((visibility("default")));

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	struct start start = { argc, argv };
	start_function next = (start_function)dlsym(RTLD_NEXT, "__libc_start_main");
	if (!next)
		_exit(EXIT_FAILURE);
	activate(&start);
	return next(main, start.argc, start.argv, init, fini, rtld_fini, stack_end);
}
