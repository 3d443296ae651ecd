/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes from the kernel of a confidential VM, by the configfs interface of Linux 6.7 and later
 * (its Documentation/ABI/testing/configfs-tsm-report): each request makes a folder, in which the
 * kernel puts attributes, writes the report data to one and reads the quote from another.
 */
#ifndef ATTEST_TSM_H
#define ATTEST_TSM_H

#include "base/buf.h"
#include "base/error.h"
#include "sgx/td_report.h"

#define TSM_REPORT_FOLDER "/sys/kernel/config/tsm/report"
#define TSM_PROVIDER_TDX  "tdx_guest" /* the one whose reports are quotes of TDX */

/* True where a kernel issues reports, of whatever kind: this is a confidential VM. */
bool tsm_is_present(const char *folder);

/*
 * Appends a bare quote over report_data, without the zeros that may follow it in the kernel's
 * buffer. It has been parsed, is of TDX and has this report data; nothing else of it is verified.
 * ERROR_NOT_FOUND where there is no such kernel, ERROR_UNSUPPORTED for other kinds of VMs,
 * ERROR_UNAVAILABLE, with the likely reason and remedy, for users that are not root and when the
 * host does not answer, ERROR_STATE when somebody else used the same folder. Leaves nothing behind.
 */
bool tsm_get_quote(const char *folder, const uint8_t report_data[TD_REPORT_DATA_SIZE],
	struct buf *quote, struct error *err);

#endif
