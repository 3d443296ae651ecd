/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report of a TDX confidential VM (trust domain) as quotes carry it, 1.0 and 1.5 (spec dcap.md
 * clause 6). The measured registers are SHA-384 digests.
 */
#ifndef SGX_TD_REPORT_H
#define SGX_TD_REPORT_H

#include "base/buf.h"
#include "base/reader.h"

#include <stdbool.h>
#include <stdint.h>

#define TD_HASH_SIZE        48
#define TD_RTMRS            4
#define TD_SVN_SIZE         16
#define TD_REPORT_1_0_SIZE  584
#define TD_REPORT_1_5_SIZE  648
#define TD_REPORT_DATA_SIZE 64

#define TD_ATTRIBUTE_DEBUG UINT64_C(0x01)
/* Debug and what Intel reserves beside it: a VM with any of them is not to be trusted either. */
#define TD_ATTRIBUTES_UNTRUSTED UINT64_C(0xff)

struct td_report {
	uint8_t tee_tcb_svn[TD_SVN_SIZE]; /* byte 0: SVN of the TDX module, byte 1: its version */
	uint8_t mr_seam[TD_HASH_SIZE];    /* the TDX module */
	uint8_t mr_signer_seam[TD_HASH_SIZE];
	uint64_t seam_attributes;
	uint64_t attributes; /* TD_ATTRIBUTE_… */
	uint64_t xfam;
	uint8_t mr_td[TD_HASH_SIZE]; /* what the VM was started with, its firmware */
	uint8_t mr_config_id[TD_HASH_SIZE];
	uint8_t mr_owner[TD_HASH_SIZE];
	uint8_t mr_owner_config[TD_HASH_SIZE];
	uint8_t rtmr[TD_RTMRS][TD_HASH_SIZE]; /* what firmware and kernel measured */
	uint8_t report_data[TD_REPORT_DATA_SIZE];
	bool is_1_5;
	uint8_t tee_tcb_svn_2[TD_SVN_SIZE];  /* since 1.5: of the module that runs now */
	uint8_t mr_service_td[TD_HASH_SIZE]; /* since 1.5 */
};

/* Reads 584 bytes, or 648 of 1.5; check r->bad afterwards. */
void td_report_parse(struct reader *r, bool is_1_5, struct td_report *report);
/* Appends as many. */
void td_report_put(struct buf *out, const struct td_report *report);

#endif
