/* SPDX-License-Identifier: Apache-2.0 */
/* The folder collateral/ of a platform: what Intel's service publishes about it. */
#ifndef PLATFORM_COLLATERAL_H
#define PLATFORM_COLLATERAL_H

#include "base/error.h"
#include "platform/platform.h"

/*
 * Writes all of it with the keys and certificates that stand in the platform's folder. issued_at
 * must be set in `options`. Makes the folder if it is missing.
 */
bool collateral_issue(
	const char *folder, const struct platform_options *options, struct error *err);

#endif
