/* SPDX-License-Identifier: Apache-2.0 */
/* Where owners and users have their attestation configuration. */
#ifndef CLI_ERA_FILE_H
#define CLI_ERA_FILE_H

#include "attest/era.h"
#include "cli/options.h"

#define ERA_DEFAULT_FILE "era-config.json" /* in the working directory */

/*
 * Reads the file of --era-config, else the default one, and prints which, and warnings to stderr
 * about what is in it. ERROR_NOT_FOUND, with how to make one, when there is neither.
 */
bool era_load(const struct options *options, struct era *era, struct error *err);

#endif
