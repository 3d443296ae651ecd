/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/quote.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <string.h>

#define KEY_TYPE_P256 2
#define RAW_SIZE      64 /* of a key and of a signature */

#define TEE_SGX 0
#define TEE_TDX 0x81

/* What version 5 says about its body. */
enum body_type { BODY_SGX = 1, BODY_TD_1_0, BODY_TD_1_5 };

#define CERT_TYPE_QE_REPORT 6 /* since version 4: what stands around the QE report and its like */

const uint8_t sgx_intel_vendor_id[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94,
	0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

static bool check_tee(struct sgx_quote *quote, uint32_t tee_type, struct error *err)
{
	if (quote->version == SGX_QUOTE_VERSION_3 && tee_type != TEE_SGX)
		return error_set(err, ERROR_INVALID,
			"quote of version 3 has a TEE type (0x%x) where zeros belong", tee_type);
	if (tee_type != TEE_SGX && tee_type != TEE_TDX)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has TEE type 0x%x; 0 (SGX) and 0x81 (TDX) are accepted", tee_type);
	quote->is_tdx = tee_type == TEE_TDX;
	return true;
}

static bool check_kind(struct reader *r, struct sgx_quote *quote, struct error *err)
{
	quote->version = reader_u16(r);
	uint16_t key_type = reader_u16(r);
	uint32_t tee_type = reader_u32(r);
	if (r->bad)
		return error_set(err, ERROR_INVALID, "quote is too short");
	if (quote->version < SGX_QUOTE_VERSION_3 || quote->version > SGX_QUOTE_VERSION_5)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has version %u; versions 3, 4 and 5 (DCAP) are accepted",
			quote->version);
	if (key_type != KEY_TYPE_P256)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has attestation key type %u; type 2 (ECDSA P-256) is accepted%s",
			key_type, key_type < KEY_TYPE_P256 ? ", EPID is not" : "");
	return check_tee(quote, tee_type, err);
}

static bool parse_header(struct reader *r, struct sgx_quote *quote, struct error *err)
{
	if (!check_kind(r, quote, err))
		return false;
	uint8_t vendor[16];
	quote->header.qe_svn = reader_u16(r);
	quote->header.pce_svn = reader_u16(r);
	reader_copy(r, vendor, sizeof(vendor));
	reader_copy(r, quote->header.user_data, sizeof(quote->header.user_data));
	if (memcmp(vendor, sgx_intel_vendor_id, sizeof(vendor)) != 0 && !r->bad)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote was not made by Intel's Quoting Enclave (vendor ID differs)");
	return true;
}

static size_t body_size(enum body_type type)
{
	static const size_t sizes[] = {
		[BODY_SGX] = SGX_REPORT_BODY_SIZE,
		[BODY_TD_1_0] = TD_REPORT_1_0_SIZE,
		[BODY_TD_1_5] = TD_REPORT_1_5_SIZE,
	};
	return sizes[type];
}

/* Version 5 says what its body is; before, the TEE type does. */
static bool parse_body_type(
	struct reader *r, const struct sgx_quote *quote, enum body_type *type, struct error *err)
{
	*type = quote->is_tdx ? BODY_TD_1_0 : BODY_SGX;
	if (quote->version != SGX_QUOTE_VERSION_5)
		return true;
	uint16_t number = reader_u16(r);
	uint32_t size = reader_u32(r);
	if (r->bad)
		return true; /* as anywhere behind, its lengths tell that it is cut off */
	if (number < BODY_SGX || number > BODY_TD_1_5)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote has a body of type %u; 1 (SGX), 2 (TDX 1.0) and 3 (TDX 1.5) are "
			"accepted",
			number);
	*type = (enum body_type)number;
	if ((*type != BODY_SGX) != quote->is_tdx)
		return error_set(err, ERROR_INVALID,
			"quote has a body of type %u, which does not go with its TEE type", number);
	return size == body_size(*type) ||
	       error_set(err, ERROR_INVALID,
		       "quote has a body of type %u with %u bytes instead of %zu", number, size,
		       body_size(*type));
}

static bool parse_body(struct reader *r, struct sgx_quote *quote, struct error *err)
{
	enum body_type type;
	if (!parse_body_type(r, quote, &type, err))
		return false;
	if (type == BODY_SGX)
		sgx_report_body_parse(r, &quote->report);
	else
		td_report_parse(r, type == BODY_TD_1_5, &quote->td);
	return true;
}

/* What vouches for the attestation key: the QE report and what vouches for that. */
static void parse_certification(struct reader *r, struct sgx_quote *quote)
{
	quote->qe_report_part =
		(struct bytes){ reader_bytes(r, SGX_REPORT_BODY_SIZE), SGX_REPORT_BODY_SIZE };
	quote->qe_report_signature = reader_bytes(r, RAW_SIZE);
	quote->qe_auth_data.size = reader_u16(r);
	quote->qe_auth_data.data = reader_bytes(r, quote->qe_auth_data.size);
	quote->cert_type = reader_u16(r);
	quote->cert_data.size = reader_u32(r);
	quote->cert_data.data = reader_bytes(r, quote->cert_data.size);
}

static bool parse_signature_data(struct reader *r, struct sgx_quote *quote, struct error *err)
{
	quote->signature = reader_bytes(r, RAW_SIZE);
	quote->attestation_key = reader_bytes(r, RAW_SIZE);
	if (quote->version == SGX_QUOTE_VERSION_3) {
		parse_certification(r, quote);
		return true;
	}
	uint16_t type = reader_u16(r);
	if (type != CERT_TYPE_QE_REPORT && !r->bad)
		return error_set(err, ERROR_UNSUPPORTED,
			"quote of version %u has certification data of type %u around the report "
			"of its Quoting Enclave; type %d is accepted",
			quote->version, type, CERT_TYPE_QE_REPORT);
	struct reader wrapped = reader_sub(r, reader_u32(r));
	parse_certification(&wrapped, quote);
	if (!reader_finished(&wrapped))
		reader_fail(r);
	return true;
}

/* Something follows, which the zeros of some kernels behind the quotes of VMs explain. */
static void put_tail(const struct sgx_quote *quote, struct bytes tail, struct buf *out)
{
	if (quote->is_tdx && memory_is_zero(tail.data, tail.size))
		buf_put_text(out, "zeros follow it, as a kernel's TDX interface pads its buffer: "
				  "cut them off");
	else
		buf_printf(out, "%zu %s it", tail.size,
			tail.size == 1 ? "byte follows" : "bytes follow");
}

/* `end` is where the quote ends by its own word; 0: it was cut off before that. */
static bool refuse_lengths(
	const struct sgx_quote *quote, struct bytes data, size_t end, struct error *err)
{
	AUTO(buf_free) struct buf why = { 0 };
	if (!end)
		buf_put_text(&why, "it is cut off before its signature");
	else if (end > data.size)
		buf_printf(&why, "it is cut off: it says that it has %zu bytes", end);
	else if (end == data.size)
		buf_put_text(&why, "those of its signature data are wrong");
	else
		put_tail(quote, (struct bytes){ (const uint8_t *)data.data + end, data.size - end },
			&why);
	return error_set(err, ERROR_INVALID,
		"quote is malformed: its lengths do not add up to its %zu bytes; %s", data.size,
		buf_text(&why));
}

bool sgx_quote_parse(struct bytes data, struct sgx_quote *quote, struct error *err)
{
	*quote = (struct sgx_quote){ 0 };
	if (data.size > SGX_QUOTE_MAX)
		return error_set(
			err, ERROR_INVALID, "quote is longer than %d bytes", SGX_QUOTE_MAX);
	struct reader r = reader_of(data.data, data.size);
	if (!parse_header(&r, quote, err) || !parse_body(&r, quote, err))
		return false;
	quote->signed_part = (struct bytes){ data.data, data.size - r.left };
	size_t size = reader_u32(&r);
	size_t end = r.bad ? 0 : data.size - r.left + size;
	struct reader signature_data = reader_sub(&r, size);
	if (!parse_signature_data(&signature_data, quote, err))
		return false;
	if (!reader_finished(&r) || !reader_finished(&signature_data))
		return refuse_lengths(quote, data, end, err);
	if (quote->cert_data.size > SGX_QUOTE_CERT_DATA_MAX)
		return error_set(err, ERROR_INVALID, "quote has certification data over %d bytes",
			SGX_QUOTE_CERT_DATA_MAX);
	struct reader qe = reader_of(quote->qe_report_part.data, SGX_REPORT_BODY_SIZE);
	sgx_report_body_parse(&qe, &quote->qe_report);
	return true;
}

struct bytes sgx_quote_without_padding(struct bytes buffer)
{
	struct sgx_quote quote = { 0 };
	struct reader r = reader_of(buffer.data, buffer.size);
	if (!parse_header(&r, &quote, NULL) || !quote.is_tdx || !parse_body(&r, &quote, NULL))
		return buffer;
	reader_bytes(&r, reader_u32(&r));
	size_t left = r.left;
	bool is_padding = !r.bad && reader_zeros(&r, left);
	return (struct bytes){ buffer.data, buffer.size - (is_padding ? left : 0) };
}

const uint8_t *sgx_quote_report_data(const struct sgx_quote *quote)
{
	return quote->is_tdx ? quote->td.report_data : quote->report.report_data;
}

static void put_body_type(struct buf *out, const struct sgx_quote *quote)
{
	enum body_type td_type = quote->td.is_1_5 ? BODY_TD_1_5 : BODY_TD_1_0;
	enum body_type type = quote->is_tdx ? td_type : BODY_SGX;
	buf_put_u16(out, (uint16_t)type);
	buf_put_u32(out, (uint32_t)body_size(type));
}

void sgx_quote_put_signed_part(struct buf *out, const struct sgx_quote *quote)
{
	buf_put_u16(out, quote->version);
	buf_put_u16(out, KEY_TYPE_P256);
	buf_put_u32(out, quote->is_tdx ? TEE_TDX : TEE_SGX);
	buf_put_u16(out, quote->header.qe_svn);
	buf_put_u16(out, quote->header.pce_svn);
	buf_put(out, sgx_intel_vendor_id, sizeof(sgx_intel_vendor_id));
	buf_put(out, quote->header.user_data, sizeof(quote->header.user_data));
	if (quote->version == SGX_QUOTE_VERSION_5)
		put_body_type(out, quote);
	if (quote->is_tdx)
		td_report_put(out, &quote->td);
	else
		sgx_report_body_put(out, &quote->report);
}

void sgx_quote_put_signature_data(struct buf *out, const struct sgx_quote *quote)
{
	AUTO(buf_free) struct buf certification = { 0 };
	buf_put(&certification, quote->qe_report_part.data, SGX_REPORT_BODY_SIZE);
	buf_put(&certification, quote->qe_report_signature, RAW_SIZE);
	buf_put_u16(&certification, (uint16_t)quote->qe_auth_data.size);
	buf_put(&certification, quote->qe_auth_data.data, quote->qe_auth_data.size);
	buf_put_u16(&certification, quote->cert_type);
	buf_put_u32(&certification, (uint32_t)quote->cert_data.size);
	buf_put(&certification, quote->cert_data.data, quote->cert_data.size);
	bool is_wrapped = quote->version != SGX_QUOTE_VERSION_3;
	size_t wrapping = is_wrapped ? sizeof(uint16_t) + sizeof(uint32_t) : 0;
	buf_put_u32(out, (uint32_t)(2 * RAW_SIZE + wrapping + certification.size));
	buf_put(out, quote->signature, RAW_SIZE);
	buf_put(out, quote->attestation_key, RAW_SIZE);
	if (is_wrapped) {
		buf_put_u16(out, CERT_TYPE_QE_REPORT);
		buf_put_u32(out, (uint32_t)certification.size);
	}
	buf_put(out, certification.data, certification.size);
}
