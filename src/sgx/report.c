/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/report.h"

static void parse_attributes(struct reader *r, struct sgx_attributes *attributes)
{
	attributes->flags = reader_u64(r);
	attributes->xfrm = reader_u64(r);
}

static void put_attributes(struct buf *out, const struct sgx_attributes *attributes)
{
	buf_put_u64(out, attributes->flags);
	buf_put_u64(out, attributes->xfrm);
}

void sgx_report_body_parse(struct reader *r, struct sgx_report_body *body)
{
	reader_copy(r, body->cpu_svn, 16);
	body->misc_select = reader_u32(r);
	bool zero = reader_zeros(r, 12);
	reader_copy(r, body->isv_ext_prod_id, 16);
	parse_attributes(r, &body->attributes);
	reader_copy(r, body->mr_enclave, SGX_HASH_SIZE);
	zero &= reader_zeros(r, 32);
	reader_copy(r, body->mr_signer, SGX_HASH_SIZE);
	zero &= reader_zeros(r, 32);
	reader_copy(r, body->config_id, 64);
	body->isv_prod_id = reader_u16(r);
	body->isv_svn = reader_u16(r);
	body->config_svn = reader_u16(r);
	zero &= reader_zeros(r, 42);
	reader_copy(r, body->isv_family_id, 16);
	reader_copy(r, body->report_data, SGX_REPORT_DATA_SIZE);
	body->reserved_are_zero = zero;
}

void sgx_report_body_put(struct buf *out, const struct sgx_report_body *body)
{
	buf_put(out, body->cpu_svn, 16);
	buf_put_u32(out, body->misc_select);
	buf_put_zeros(out, 12);
	buf_put(out, body->isv_ext_prod_id, 16);
	put_attributes(out, &body->attributes);
	buf_put(out, body->mr_enclave, SGX_HASH_SIZE);
	buf_put_zeros(out, 32);
	buf_put(out, body->mr_signer, SGX_HASH_SIZE);
	buf_put_zeros(out, 32);
	buf_put(out, body->config_id, 64);
	buf_put_u16(out, body->isv_prod_id);
	buf_put_u16(out, body->isv_svn);
	buf_put_u16(out, body->config_svn);
	buf_put_zeros(out, 42);
	buf_put(out, body->isv_family_id, 16);
	buf_put(out, body->report_data, SGX_REPORT_DATA_SIZE);
}

void sgx_report_parse(struct reader *r, struct sgx_report *report)
{
	sgx_report_body_parse(r, &report->body);
	reader_copy(r, report->key_id, 32);
	reader_copy(r, report->mac, 16);
}

void sgx_report_put(struct buf *out, const struct sgx_report *report)
{
	sgx_report_body_put(out, &report->body);
	buf_put(out, report->key_id, 32);
	buf_put(out, report->mac, 16);
}

void sgx_target_info_parse(struct reader *r, struct sgx_target_info *target)
{
	reader_copy(r, target->mr_enclave, SGX_HASH_SIZE);
	parse_attributes(r, &target->attributes);
	reader_bytes(r, 2);
	target->config_svn = reader_u16(r);
	target->misc_select = reader_u32(r);
	reader_bytes(r, 8);
	reader_copy(r, target->config_id, 64);
	reader_bytes(r, 384);
}

void sgx_target_info_put(struct buf *out, const struct sgx_target_info *target)
{
	buf_put(out, target->mr_enclave, SGX_HASH_SIZE);
	put_attributes(out, &target->attributes);
	buf_put_zeros(out, 2);
	buf_put_u16(out, target->config_svn);
	buf_put_u32(out, target->misc_select);
	buf_put_zeros(out, 8);
	buf_put(out, target->config_id, 64);
	buf_put_zeros(out, 384);
}
