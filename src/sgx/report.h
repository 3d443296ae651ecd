/* SPDX-License-Identifier: Apache-2.0 */
/* SGX REPORT and TARGETINFO (spec graphene-attestation.md clause 7, dcap.md clause 1.3). */
#ifndef SGX_REPORT_H
#define SGX_REPORT_H

#include "base/buf.h"
#include "base/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define SGX_HASH_SIZE        32
#define SGX_REPORT_DATA_SIZE 64
#define SGX_REPORT_BODY_SIZE 384
#define SGX_REPORT_SIZE      432
#define SGX_TARGET_INFO_SIZE 512

#define SGX_FLAG_INITTED       UINT64_C(0x01)
#define SGX_FLAG_DEBUG         UINT64_C(0x02)
#define SGX_FLAG_MODE64BIT     UINT64_C(0x04)
#define SGX_FLAG_PROVISION_KEY UINT64_C(0x10)

struct sgx_attributes {
	uint64_t flags; /* SGX_FLAG_… */
	uint64_t xfrm;
};

struct sgx_report_body {
	uint8_t cpu_svn[16];
	uint32_t misc_select;
	uint8_t isv_ext_prod_id[16];
	struct sgx_attributes attributes;
	uint8_t mr_enclave[SGX_HASH_SIZE];
	uint8_t mr_signer[SGX_HASH_SIZE];
	uint8_t config_id[64];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t isv_family_id[16];
	uint8_t report_data[SGX_REPORT_DATA_SIZE];
	bool reserved_are_zero; /* only set by parsing; building writes zeros */
};

/* Reads 384 bytes; check r->bad afterwards. */
void sgx_report_body_parse(struct reader *r, struct sgx_report_body *body);
/* Appends 384 bytes. */
void sgx_report_body_put(struct buf *out, const struct sgx_report_body *body);

struct sgx_report {
	struct sgx_report_body body;
	uint8_t key_id[32];
	uint8_t mac[16]; /* AES-128-CMAC over the body with the target's report key */
};

void sgx_report_parse(struct reader *r, struct sgx_report *report);
void sgx_report_put(struct buf *out, const struct sgx_report *report);

struct sgx_target_info {
	uint8_t mr_enclave[SGX_HASH_SIZE];
	struct sgx_attributes attributes;
	uint16_t config_svn;
	uint32_t misc_select;
	uint8_t config_id[64];
};

void sgx_target_info_parse(struct reader *r, struct sgx_target_info *target);
void sgx_target_info_put(struct buf *out, const struct sgx_target_info *target);

#endif
