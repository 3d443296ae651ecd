/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/report_header.h"

#include "base/reader.h"

#include <ctype.h>
#include <string.h>

#define HEADER_VERSION 1
#define TYPE_LOCAL     1
#define TYPE_REMOTE    2
#define ENCODED_MIN    64 /* bytes of a text that may be a quote: anything shorter is just a text */

void report_header_put(struct buf *out, struct bytes quote)
{
	buf_put_u32(out, HEADER_VERSION);
	buf_put_u32(out, TYPE_REMOTE);
	buf_put_u64(out, quote.size);
	buf_put(out, quote.data, quote.size);
}

static bool check_header(uint32_t version, uint32_t type, struct error *err)
{
	if (version != HEADER_VERSION)
		return error_set(err, ERROR_INVALID,
			"report does not begin with the Open Enclave report header (version 1)");
	if (type == TYPE_LOCAL)
		return error_set(err, ERROR_INVALID,
			"report is a local one, which means nothing on another machine; "
			"a quote is needed");
	if (type != TYPE_REMOTE)
		return error_set(err, ERROR_INVALID, "report has the unknown type %u", type);
	return true;
}

bool report_header_strip(struct bytes report, struct bytes *quote, struct error *err)
{
	if (!report.size)
		return error_set(err, ERROR_INVALID, "empty report");
	struct reader r = reader_of(report.data, report.size);
	uint32_t version = reader_u32(&r);
	uint32_t type = reader_u32(&r);
	uint64_t size = reader_u64(&r);
	if (r.bad)
		return error_set(err, ERROR_INVALID,
			"report of %zu bytes is shorter than its header", report.size);
	if (!check_header(version, type, err))
		return false;
	if (size != r.left)
		return error_set(err, ERROR_INVALID,
			"report header announces %llu bytes, but %zu follow",
			(unsigned long long)size, r.left);
	*quote = (struct bytes){ r.next, r.left };
	return true;
}

/*
 * Versions 3 to 5, each with a type of key, which is never 0 there; which of them are supported is
 * the quote parser's word.
 */
static bool is_bare_quote(const uint8_t start[4])
{
	return start[0] >= 3 && start[0] <= 5 && !start[1] && (start[2] || start[3]);
}

/* Somebody took what a service or a web page shows for the quote itself. */
static bool is_encoded(struct bytes report)
{
	const unsigned char *text = report.data;
	for (size_t i = 0; i < report.size; i++) {
		unsigned char c = text[i];
		if (!isalnum(c) && !isspace(c) && !(c && strchr("+/-_=", c)))
			return false;
	}
	return report.size >= ENCODED_MIN;
}

bool report_header_strip_if_any(struct bytes report, struct bytes *quote, struct error *err)
{
	struct reader r = reader_of(report.data, report.size);
	uint8_t start[4];
	reader_copy(&r, start, sizeof(start));
	if (is_bare_quote(start)) {
		*quote = report;
		return true;
	}
	if (!memcmp(start, "\x03\x00\x00\x00", 4))
		return error_set(err, ERROR_UNSUPPORTED,
			"Open Enclave evidence (the newer form with a format UUID) is not "
			"supported; send the quote, or a report with the 16-byte header");
	if (!r.bad && start[0] != HEADER_VERSION)
		return error_set(err, ERROR_INVALID,
			"this is no quote of DCAP, versions 3 to 5, nor one behind the Open Enclave "
			"report header%s",
			is_encoded(report) ? ": it is text, base64 or hex: decode it first" : "");
	return report_header_strip(report, quote, err);
}
