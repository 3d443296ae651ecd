/* SPDX-License-Identifier: Apache-2.0 */
/* The file with the attestation configuration (spec cli.md clause 3.1). */
#ifndef CLI_ERA_FILE_H
#define CLI_ERA_FILE_H

#include "attest/era.h"
#include "base/error.h"
#include "cli/options.h"
#include "marblerun/marblerun.h"

/*
 * Gives the library the file of --era-config, else era-config.json of the working directory, and
 * then says so. ERROR_NOT_FOUND, with how to make one, when there is neither.
 */
bool era_file_load(const struct options *options, struct marblerun *marblerun, struct error *err);

/*
 * The file of --era-config alone, for what has no session; members of no meaning are warned about.
 * ERROR_INVALID if the name is empty. Free *era also after a failure.
 */
bool era_file_read(const struct options *options, struct era *era, struct error *err);

#endif
