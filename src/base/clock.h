/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as signed 64-bit seconds since 1970-01-01 UTC. Whoever verifies something takes the time as
 * an argument; only programs ask the clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 32 /* enough for every format below, with NUL */

int64_t clock_now(void);
/* Milliseconds of a clock that nobody sets, for waiting and for how long ago something was. */
int64_t clock_steady(void);

/* Reads exactly "YYYY-MM-DDThh:mm:ssZ". False for another form or a date that does not exist. */
bool clock_parse_utc(const char *text, int64_t *seconds);
/* Writes "YYYY-MM-DDThh:mm:ssZ"; years 0 to 9999. */
void clock_format_utc(char out[CLOCK_TEXT_SIZE], int64_t seconds);

#endif
