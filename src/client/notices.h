/* SPDX-License-Identifier: Apache-2.0 */
/* What the user of the library should hear although it is no error. */
#ifndef CLIENT_NOTICES_H
#define CLIENT_NOTICES_H

#include "marblerun/marblerun.h"

struct notices {
	void (*notice)(void *context, enum marblerun_notice kind, const char *text); /* or NULL */
	void *context;
};

void notices_tell(const struct notices *notices, enum marblerun_notice kind, const char *format,
	...) __attribute__((format(printf, 3, 4)));

#endif
