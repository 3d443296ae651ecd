/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates of a Coordinator that was verified before, so that later commands need no
 * attestation (spec cli.md clause 3.3).
 */
#ifndef CLI_CERT_CACHE_H
#define CLI_CERT_CACHE_H

#include "base/error.h"
#include "cli/options.h"
#include "marblerun/marblerun.h"

/* Trusts what is there. ERROR_NOT_FOUND, with what to do, when there is no cache yet. */
bool cert_cache_load(const struct options *options, struct marblerun *marblerun, struct error *err);
/* Creates the folder with mode 0755 and replaces the file, mode 0600. */
bool cert_cache_save(const struct options *options, struct marblerun *marblerun, struct error *err);

#endif
