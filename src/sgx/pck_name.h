/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certification data that name the platform and its TCB in place of the PCK certificate: types 1 to
 * 3 of spec dcap.md clause 1.5. Parsing copies nothing but numbers.
 */
#ifndef SGX_PCK_NAME_H
#define SGX_PCK_NAME_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SGX_PPID_SIZE          16
#define SGX_PPID_RSA_2048_SIZE 256 /* of the PPID encrypted with such a key */
#define SGX_PPID_RSA_3072_SIZE 384
#define SGX_PCK_NAME_CPU_SVN   16 /* bytes */
#define SGX_PCK_NAME_PCE_ID    2

enum sgx_cert_type {
	SGX_CERT_TYPE_PPID = 1,
	SGX_CERT_TYPE_PPID_RSA_2048, /* OAEP with SHA-256, as is the next */
	SGX_CERT_TYPE_PPID_RSA_3072,
	SGX_CERT_TYPE_PCK_LEAF,  /* the PCK certificate alone */
	SGX_CERT_TYPE_PCK_CHAIN, /* PEM: PCK leaf, intermediate, root */
};

struct sgx_pck_name {
	enum sgx_cert_type type; /* one of the first three: what ppid is */
	struct bytes ppid;
	uint8_t cpu_svn[SGX_PCK_NAME_CPU_SVN]; /* raw, as in reports */
	uint16_t pce_svn;
	uint8_t pce_id[SGX_PCK_NAME_PCE_ID];
};

/* Whether data of this type are such a name. */
bool sgx_cert_type_is_name(uint16_t type);

/*
 * `data` must be the name and nothing else; of type 1 it may end before the PCEID, as in early
 * quotes, which is zero then. ERROR_INVALID.
 */
bool sgx_pck_name_parse(
	uint16_t type, struct bytes data, struct sgx_pck_name *name, struct error *err);
void sgx_pck_name_put(struct buf *out, const struct sgx_pck_name *name);

#endif
