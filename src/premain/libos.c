/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/libos.h"

#include "attest/issuer.h"
#include "attest/tsm.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <string.h>

/* The kernel that Graphene and Gramine claim to be. */
static bool is_emulated_kernel(const struct utsname *system)
{
	return !strcmp(system->release, "3.10.0") && !strcmp(system->version, "1") &&
	       !strcmp(system->machine, "x86_64");
}

bool libos_detect(const struct utsname *system, const char *folder, const char *reports,
	enum libos *libos, struct error *err)
{
	if (strcmp(system->sysname, "Linux"))
		return error_set(err, ERROR_UNSUPPORTED,
			"cannot detect libOS: uname says %s; this premain runs under Graphene, "
			"Gramine and plain Linux",
			system->sysname);
	AUTO(auto_free) char *keys = xasprintf("%s/keys", folder);
	if (!access(keys, F_OK))
		*libos = LIBOS_GRAMINE;
	else if (is_emulated_kernel(system) || issuer_is_present(folder))
		*libos = LIBOS_GRAPHENE;
	else
		*libos = tsm_is_present(reports) ? LIBOS_VM : LIBOS_NONE;
	return true;
}

const char *libos_name(enum libos libos)
{
	switch (libos) {
	case LIBOS_GRAPHENE:
		return "Graphene";
	case LIBOS_GRAMINE:
		return "Gramine";
	case LIBOS_VM:
		return "VM";
	case LIBOS_NONE:
		break;
	}
	return "simulated";
}
