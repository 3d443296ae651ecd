/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/td_report.h"

void td_report_parse(struct reader *r, bool is_1_5, struct td_report *report)
{
	*report = (struct td_report){ .is_1_5 = is_1_5 };
	reader_copy(r, report->tee_tcb_svn, TD_SVN_SIZE);
	reader_copy(r, report->mr_seam, TD_HASH_SIZE);
	reader_copy(r, report->mr_signer_seam, TD_HASH_SIZE);
	report->seam_attributes = reader_u64(r);
	report->attributes = reader_u64(r);
	report->xfam = reader_u64(r);
	reader_copy(r, report->mr_td, TD_HASH_SIZE);
	reader_copy(r, report->mr_config_id, TD_HASH_SIZE);
	reader_copy(r, report->mr_owner, TD_HASH_SIZE);
	reader_copy(r, report->mr_owner_config, TD_HASH_SIZE);
	reader_copy(r, report->rtmr, sizeof(report->rtmr));
	reader_copy(r, report->report_data, TD_REPORT_DATA_SIZE);
	if (!is_1_5)
		return;
	reader_copy(r, report->tee_tcb_svn_2, TD_SVN_SIZE);
	reader_copy(r, report->mr_service_td, TD_HASH_SIZE);
}

void td_report_put(struct buf *out, const struct td_report *report)
{
	buf_put(out, report->tee_tcb_svn, TD_SVN_SIZE);
	buf_put(out, report->mr_seam, TD_HASH_SIZE);
	buf_put(out, report->mr_signer_seam, TD_HASH_SIZE);
	buf_put_u64(out, report->seam_attributes);
	buf_put_u64(out, report->attributes);
	buf_put_u64(out, report->xfam);
	buf_put(out, report->mr_td, TD_HASH_SIZE);
	buf_put(out, report->mr_config_id, TD_HASH_SIZE);
	buf_put(out, report->mr_owner, TD_HASH_SIZE);
	buf_put(out, report->mr_owner_config, TD_HASH_SIZE);
	buf_put(out, report->rtmr, sizeof(report->rtmr));
	buf_put(out, report->report_data, TD_REPORT_DATA_SIZE);
	if (!report->is_1_5)
		return;
	buf_put(out, report->tee_tcb_svn_2, TD_SVN_SIZE);
	buf_put(out, report->mr_service_td, TD_HASH_SIZE);
}
