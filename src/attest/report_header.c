/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/report_header.h"

#include "base/reader.h"

#define HEADER_VERSION 1
#define TYPE_REMOTE    2

void report_header_put(struct buf *out, struct bytes quote)
{
	buf_put_u32(out, HEADER_VERSION);
	buf_put_u32(out, TYPE_REMOTE);
	buf_put_u64(out, quote.size);
	buf_put(out, quote.data, quote.size);
}

bool report_header_strip(struct bytes report, struct bytes *quote, struct error *err)
{
	struct reader r = reader_of(report.data, report.size);
	uint32_t version = reader_u32(&r);
	uint32_t type = reader_u32(&r);
	uint64_t size = reader_u64(&r);
	if (r.bad || version != HEADER_VERSION)
		return error_set(err, ERROR_INVALID,
			"report does not start with an Open Enclave header (version 1)");
	if (type != TYPE_REMOTE)
		return error_set(err, ERROR_INVALID,
			"report has type %u; type 2 (remote) is accepted", type);
	if (size != r.left)
		return error_set(err, ERROR_INVALID,
			"report header announces %llu bytes, %zu follow", (unsigned long long)size,
			r.left);
	*quote = (struct bytes){ r.next, r.left };
	return true;
}

bool report_header_strip_if_any(struct bytes report, struct bytes *quote, struct error *err)
{
	struct reader r = reader_of(report.data, report.size);
	if (reader_u32(&r) == HEADER_VERSION)
		return report_header_strip(report, quote, err);
	*quote = report;
	return true;
}
