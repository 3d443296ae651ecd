/* SPDX-License-Identifier: Apache-2.0 */
/* Which simulated platform the application runs on. */
#ifndef GRAPHENE_SIM_PLATFORM_H
#define GRAPHENE_SIM_PLATFORM_H

#include "base/error.h"
#include "platform/platform.h"

/*
 * Opens the platform in `folder`. When it is NULL, opens the user's own,
 * ~/.config/graphene-sim/platform, and makes it if there is none. The caller frees.
 */
struct platform *sim_platform_open(const char *folder, struct error *err);

#endif
