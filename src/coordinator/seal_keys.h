/* SPDX-License-Identifier: Apache-2.0 */
/* Where the sealing keys of an enclave come from. */
#ifndef COORDINATOR_SEAL_KEYS_H
#define COORDINATOR_SEAL_KEYS_H

#include "coordinator/sealed_file.h"

/* From the keys of this folder: /dev/attestation. ERROR_UNAVAILABLE when there are none. */
bool seal_keys_get(const char *attestation_folder, struct seal_keys *keys, struct error *err);

#endif
