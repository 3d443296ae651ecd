/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MRENCLAVE of a Graphene enclave, by the algorithm of the hardware over the memory layout that
 * Graphene's signer builds (spec graphene-signing.md clause 4).
 */
#ifndef SGX_MEASUREMENT_H
#define SGX_MEASUREMENT_H

#include "base/buf.h"
#include "base/error.h"
#include "sgx/report.h"

struct enclave_layout {
	struct bytes manifest; /* of APP.manifest.sgx, without the NUL that is measured with it */
	struct bytes libpal;   /* the ELF file that plays the PAL */
	uint64_t enclave_size; /* bytes, a power of two */
	uint32_t thread_num;
	bool base_is_zero; /* non-PIE and Gramine since 1.5; else the base is the size */
	bool without_heap; /* EDMM: the free memory is added at run time */
};

/* One area of the enclave, for the signer's report to its user; offsets from the base. */
struct enclave_area {
	const char *name; /* "manifest", "ssa", "tcs", … */
	uint64_t start;
	uint64_t end;
	uint64_t secinfo_flags; /* R 1, W 2, X 4, TCS 0x100, REG 0x200 */
	bool measured;
};

/*
 * Computes MRENCLAVE. `on_area`, unless NULL, is called for each area in the order of measuring.
 * ERROR_INVALID "Enclave size is not large enough" and for sizes that are no power of two.
 */
bool enclave_measure(const struct enclave_layout *layout, uint8_t mr_enclave[SGX_HASH_SIZE],
	void (*on_area)(const struct enclave_area *area, void *context), void *context,
	struct error *err);

#endif
