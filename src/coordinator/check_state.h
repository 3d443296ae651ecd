/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator --check-state: what a seal directory holds, without changing anything in it. */
#ifndef COORDINATOR_CHECK_STATE_H
#define COORDINATOR_CHECK_STATE_H

#include "base/buf.h"

/*
 * Appends lines of text. `attestation_folder` is NULL outside of an enclave. True if a Coordinator
 * that starts here goes on with the state.
 */
bool check_state(const char *folder, const char *attestation_folder, struct buf *out);

#endif
