/* SPDX-License-Identifier: Apache-2.0 */
/* What a Coordinator hands out, once, to those who have the recovery keys (spec cli.md clause 4).
 */
#ifndef CLI_RECOVERY_DATA_H
#define CLI_RECOVERY_DATA_H

#include "base/error.h"
#include "cli/json.h"

/*
 * Writes the map from key name to base64 to the file, mode 0600, or prints it when path is NULL or
 * empty. It is printed as well when the file cannot be written.
 */
bool recovery_data_hand_out(json_t *secrets, const char *path, struct error *err);

#endif
