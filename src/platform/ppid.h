/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platform's name, encrypted for those who may know it: what Intel's provisioning keys are for.
 * A platform makes its keys when they are first needed, and what serves its collateral decrypts.
 */
#ifndef PLATFORM_PPID_H
#define PLATFORM_PPID_H

#include "sgx/pck_name.h"

/* Appends the PPID as certification data of this type have it: as it is, or by RSA-OAEP. */
bool platform_put_ppid(const char *folder, enum sgx_cert_type type,
	const uint8_t ppid[SGX_PPID_SIZE], struct buf *out, struct error *err);

/* Whether these bytes are this PPID, encrypted by RSA-3072. */
bool platform_ppid_is(
	const char *folder, struct bytes encrypted, const uint8_t ppid[SGX_PPID_SIZE]);

#endif
