/* SPDX-License-Identifier: Apache-2.0 */
/* Where the premain runs (spec premain.md clause 7.1). */
#ifndef PREMAIN_LIBOS_H
#define PREMAIN_LIBOS_H

#include "base/error.h"

#include <sys/utsname.h>

enum libos {
	LIBOS_NONE, /* plain Linux: for development, in simulation */
	LIBOS_GRAPHENE,
	LIBOS_GRAMINE,
};

/*
 * Decides by what uname says and by the pseudo files under `folder`, since newer releases report
 * other kernel versions. ERROR_UNSUPPORTED "cannot detect libOS" for other systems.
 */
bool libos_detect(
	const struct utsname *system, const char *folder, enum libos *libos, struct error *err);

/* "Graphene", "Gramine", "simulated". */
const char *libos_name(enum libos libos);

#endif
