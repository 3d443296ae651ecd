/* SPDX-License-Identifier: Apache-2.0 */
/* What processor and Quoting Enclave of the simulated machine have in common on every platform. */
#ifndef PLATFORM_MACHINE_H
#define PLATFORM_MACHINE_H

#include "base/buf.h"
#include "crypto/p256.h"
#include "platform/folder.h"

#include <stddef.h>
#include <stdint.h>

/* As reports carry it; the PCK certificate has another, decomposed form, as on real machines. */
extern const uint8_t machine_cpu_svn[16];

/* TEE TCB SVN of confidential VMs: SVN 5 of version 1 of the TDX module, and the microcode. */
extern const uint8_t machine_tee_tcb_svn[16];

/* What a Quoting Enclave certifies together with its key. */
#define MACHINE_QE_AUTH_DATA_SIZE 32
extern const uint8_t machine_qe_auth_data[MACHINE_QE_AUTH_DATA_SIZE];

/* The first half of the report data by which the Quoting Enclave certifies a raw public key. */
void machine_bind_key(const uint8_t point[P256_RAW_SIZE], uint8_t digest[SHA256_SIZE]);

/*
 * Derives `size` bytes from the platform's secret: HKDF-SHA-256 without salt, info = "graphene
 * platform " || label || NUL || context.
 */
void machine_derive(const uint8_t secret[PLATFORM_SECRET_SIZE], const char *label,
	struct bytes context, uint8_t *out, size_t size);

#endif
