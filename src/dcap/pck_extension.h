/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SGX extension of PCK certificates (OID 1.2.840.113741.1.13.1): which platform the certificate
 * is for and at which TCB level it was issued (spec dcap.md clause 2.3).
 */
#ifndef DCAP_PCK_EXTENSION_H
#define DCAP_PCK_EXTENSION_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define PCK_EXTENSION_OID    "1.2.840.113741.1.13.1"
#define PCK_FMSPC_SIZE       6
#define PCK_PCE_ID_SIZE      2
#define PCK_PLATFORM_ID_SIZE 16
#define TCB_COMPONENTS       16

struct pck_extension {
	uint8_t ppid[PCK_PLATFORM_ID_SIZE];
	uint8_t components[TCB_COMPONENTS]; /* SVNs */
	uint16_t pce_svn;
	uint8_t pce_id[PCK_PCE_ID_SIZE];
	uint8_t fmspc[PCK_FMSPC_SIZE];
	unsigned sgx_type;     /* 0 standard, 1 scalable, 2 scalable with integrity */
	bool is_multi_package; /* has instance ID and configuration, as under the Platform CA */
	uint8_t instance_id[PCK_PLATFORM_ID_SIZE];
	bool is_dynamic; /* these three are the configuration */
	bool has_cached_keys;
	bool has_smt;
};

/* Parses the value of the extension, which must fill `der`. ERROR_INVALID names the entry. */
bool pck_extension_parse(struct bytes der, struct pck_extension *out, struct error *err);

#endif
