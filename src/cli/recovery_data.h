/* SPDX-License-Identifier: Apache-2.0 */
/* What a Coordinator hands out, once, to those who have the recovery keys (spec cli.md clause 4).
 */
#ifndef CLI_RECOVERY_DATA_H
#define CLI_RECOVERY_DATA_H

#include "base/error.h"
#include "cli/options.h"
#include "marblerun/marblerun.h"

#include <jansson.h>

/*
 * Writes the data to the file of --recoverydata, mode 0600, or prints them, also when the file
 * cannot be written. With --output json they go into `result` in the place of being printed. Does
 * nothing if there are none.
 */
bool recovery_data_hand_out(const struct options *options, const struct marblerun_bytes *recovery,
	json_t *result, struct error *err);

#endif
