/* SPDX-License-Identifier: Apache-2.0 */
/* Where the premain runs (spec premain.md clause 7.1). */
#ifndef PREMAIN_LIBOS_H
#define PREMAIN_LIBOS_H

#include "base/error.h"

#include <sys/utsname.h>

enum libos {
	LIBOS_NONE, /* plain Linux: for development, in simulation */
	LIBOS_VM,   /* plain Linux in a confidential VM, whose kernel issues quotes */
	LIBOS_GRAPHENE,
	LIBOS_GRAMINE,
};

/*
 * Decides by what uname says and by the pseudo files under `folder`, since newer releases report
 * other kernel versions; where there is no runtime, by the kernel's folder `reports`
 * (attest/tsm.h). ERROR_UNSUPPORTED "cannot detect libOS" for other systems.
 */
bool libos_detect(const struct utsname *system, const char *folder, const char *reports,
	enum libos *libos, struct error *err);

/* "Graphene", "Gramine", "VM", "simulated". */
const char *libos_name(enum libos libos);

#endif
