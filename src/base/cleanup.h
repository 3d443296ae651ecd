/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleanup by scope: AUTO(buf_free) struct buf b = {0}; frees b on every way out of its block.
 * A function named in AUTO takes a pointer to the variable and accepts its zero value.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO(function) __attribute__((cleanup(function)))

/* The pointer out of an AUTO variable, which no longer owns it: `return TAKE(cert);`. */
#define TAKE(pointer)                                                                              \
	__extension__({                                                                            \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

/* Defines `name(type *p)`, which calls `function` on *p unless it is NULL. */
#define DEFINE_AUTO_FREE(name, type, function)                                                     \
	static inline void name(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			function(*p);                                                              \
	}

/* For memory from xmalloc and friends that holds no secrets. */
static inline void auto_free(void *p)
{
	free(*(void **)p);
}

/* For file descriptors; -1 means none. */
static inline void auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The descriptor out of an AUTO variable, which no longer owns it. */
static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

static inline void auto_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#endif
