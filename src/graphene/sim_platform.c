/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_platform.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "graphene/sim_notice.h"

#define DEFAULT_FOLDER ".config/graphene-sim/platform"

/* Two that start at the same time may both find none: the slower one takes what the other made. */
static struct platform *make_platform(const char *folder, struct error *err)
{
	struct error made = { 0 };
	if (platform_init(folder, &platform_default_options, false, &made))
		sim_notice("made a simulated SGX platform in %s; verifiers have to trust its "
			   "root_ca.pem",
			folder);
	else if (made.kind != ERROR_STATE) {
		error_set(err, made.kind, "%s", made.message);
		return NULL;
	}
	return platform_open(folder, err);
}

struct platform *sim_platform_open(const char *folder, struct error *err)
{
	const char *home = getenv("HOME");
	if (folder)
		return platform_open(folder, err);
	if (!home || !*home) {
		error_set(err, ERROR_NOT_FOUND,
			"HOME is not set: name a simulated platform with --platform");
		return NULL;
	}
	AUTO(auto_free) char *own = xasprintf("%s/" DEFAULT_FOLDER, home);
	struct error opened = { 0 };
	struct platform *platform = platform_open(own, &opened);
	if (platform)
		return platform;
	if (opened.kind == ERROR_NOT_FOUND)
		return make_platform(own, err);
	error_set(err, opened.kind, "%s", opened.message);
	return NULL;
}
