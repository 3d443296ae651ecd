/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/quote.h"

#include <string.h>

#define VERSION_3          3
#define KEY_TYPE_P256      2
#define RAW_SIZE           64 /* of a key and of a signature */
#define FIXED_PART_OF_DATA 584

const uint8_t sgx_intel_vendor_id[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94,
	0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

static bool check_kind(struct reader *r, struct error *err)
{
	uint16_t version = reader_u16(r);
	uint16_t key_type = reader_u16(r);
	uint32_t tee_type = reader_u32(r);
	if (r->bad)
		return error_set(err, ERROR_INVALID, "quote is too short");
	if (version != VERSION_3)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has version %u; version 3 (SGX with DCAP) is accepted", version);
	if (key_type != KEY_TYPE_P256)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has attestation key type %u; type 2 (ECDSA P-256) is accepted%s",
			key_type, key_type < KEY_TYPE_P256 ? ", EPID is not" : "");
	if (tee_type != 0)
		return error_set(err, ERROR_INVALID,
			"quote of version 3 has a TEE type (0x%x) where zeros belong", tee_type);
	return true;
}

static bool parse_header(struct reader *r, struct sgx_quote_header *header, struct error *err)
{
	if (!check_kind(r, err))
		return false;
	uint8_t vendor[16];
	header->qe_svn = reader_u16(r);
	header->pce_svn = reader_u16(r);
	reader_copy(r, vendor, sizeof(vendor));
	reader_copy(r, header->user_data, sizeof(header->user_data));
	if (memcmp(vendor, sgx_intel_vendor_id, sizeof(vendor)) != 0 && !r->bad)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote was not made by Intel's Quoting Enclave (vendor ID differs)");
	return true;
}

static void parse_signature_data(struct reader *r, struct sgx_quote *quote)
{
	quote->signature = reader_bytes(r, RAW_SIZE);
	quote->attestation_key = reader_bytes(r, RAW_SIZE);
	quote->qe_report_part =
		(struct bytes){ reader_bytes(r, SGX_REPORT_BODY_SIZE), SGX_REPORT_BODY_SIZE };
	quote->qe_report_signature = reader_bytes(r, RAW_SIZE);
	quote->qe_auth_data.size = reader_u16(r);
	quote->qe_auth_data.data = reader_bytes(r, quote->qe_auth_data.size);
	quote->cert_type = reader_u16(r);
	quote->cert_data.size = reader_u32(r);
	quote->cert_data.data = reader_bytes(r, quote->cert_data.size);
}

bool sgx_quote_parse(struct bytes data, struct sgx_quote *quote, struct error *err)
{
	*quote = (struct sgx_quote){ 0 };
	if (data.size > SGX_QUOTE_MAX)
		return error_set(
			err, ERROR_INVALID, "quote is longer than %d bytes", SGX_QUOTE_MAX);
	struct reader r = reader_of(data.data, data.size);
	if (!parse_header(&r, &quote->header, err))
		return false;
	sgx_report_body_parse(&r, &quote->report);
	quote->signed_part = (struct bytes){ data.data, SGX_QUOTE_SIGNED_SIZE };
	struct reader signature_data = reader_sub(&r, reader_u32(&r));
	parse_signature_data(&signature_data, quote);
	if (!reader_finished(&r) || !reader_finished(&signature_data))
		return error_set(err, ERROR_INVALID,
			"quote is malformed: its lengths do not add up to its %zu bytes",
			data.size);
	if (quote->cert_data.size > SGX_QUOTE_CERT_DATA_MAX)
		return error_set(err, ERROR_INVALID, "quote has certification data over %d bytes",
			SGX_QUOTE_CERT_DATA_MAX);
	struct reader qe = reader_of(quote->qe_report_part.data, SGX_REPORT_BODY_SIZE);
	sgx_report_body_parse(&qe, &quote->qe_report);
	return true;
}

void sgx_quote_put_signed_part(struct buf *out, const struct sgx_quote_header *header,
	const struct sgx_report_body *report)
{
	buf_put_u16(out, VERSION_3);
	buf_put_u16(out, KEY_TYPE_P256);
	buf_put_u32(out, 0);
	buf_put_u16(out, header->qe_svn);
	buf_put_u16(out, header->pce_svn);
	buf_put(out, sgx_intel_vendor_id, sizeof(sgx_intel_vendor_id));
	buf_put(out, header->user_data, sizeof(header->user_data));
	sgx_report_body_put(out, report);
}

void sgx_quote_put_signature_data(struct buf *out, const struct sgx_quote *quote)
{
	size_t size = FIXED_PART_OF_DATA + quote->qe_auth_data.size + quote->cert_data.size;
	buf_put_u32(out, (uint32_t)size);
	buf_put(out, quote->signature, RAW_SIZE);
	buf_put(out, quote->attestation_key, RAW_SIZE);
	buf_put(out, quote->qe_report_part.data, SGX_REPORT_BODY_SIZE);
	buf_put(out, quote->qe_report_signature, RAW_SIZE);
	buf_put_u16(out, (uint16_t)quote->qe_auth_data.size);
	buf_put(out, quote->qe_auth_data.data, quote->qe_auth_data.size);
	buf_put_u16(out, quote->cert_type);
	buf_put_u32(out, (uint32_t)quote->cert_data.size);
	buf_put(out, quote->cert_data.data, quote->cert_data.size);
}
