/* SPDX-License-Identifier: Apache-2.0 */
/* Makes what a machine and its certification authority have from the beginning to the end. */
#ifndef PLATFORM_MANUFACTURE_H
#define PLATFORM_MANUFACTURE_H

#include "base/error.h"
#include "platform/platform.h"

/*
 * Writes secret, keys, certificates and the Quoting Enclave's report to the folder, which must hold
 * an empty private/. Of `options` the FMSPC counts, and issued_at, which must be set: the machine
 * is not younger than its first collateral.
 */
bool manufacture(const char *folder, const struct platform_options *options, struct error *err);

#endif
