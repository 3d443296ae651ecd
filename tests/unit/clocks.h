/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks that a test sets, for one that is linked with `setting_clocks`. */
#ifndef UNIT_CLOCKS_H
#define UNIT_CLOCKS_H

#include <stdatomic.h>
#include <stdint.h>

/* What the clocks show more than they do, in milliseconds of which somebody sets the one. */
static _Atomic int64_t wall_ahead;
static _Atomic int64_t steady_ahead;

int64_t __wrap_clock_now(void);
int64_t __real_clock_now(void);
int64_t __wrap_clock_steady(void);
int64_t __real_clock_steady(void);

int64_t __wrap_clock_now(void)
{
	return __real_clock_now() + wall_ahead / 1000;
}

int64_t __wrap_clock_steady(void)
{
	return __real_clock_steady() + steady_ahead;
}

/* On both. */
static void pass_time(int64_t milliseconds)
{
	wall_ahead += milliseconds;
	steady_ahead += milliseconds;
}

#endif
