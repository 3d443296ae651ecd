/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "sgx/report.h"
#include "sgx/td_report.h"

#include <stdlib.h>
#include <string.h>

/* What a reader took is put again as it was, but for what is reserved. */
static void compare(
	const struct reader *r, const uint8_t *data, const struct buf *out, bool is_exact)
{
	if (!r->bad && (out->size != (size_t)(r->next - data) ||
			       (is_exact && memcmp(out->data, data, out->size) != 0)))
		abort();
}

static void read_report(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct sgx_report report;
	AUTO(buf_free) struct buf out = { 0 };
	sgx_report_parse(&r, &report);
	sgx_report_put(&out, &report);
	compare(&r, data, &out, false);
}

static void read_target_info(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(data, size);
	struct sgx_target_info target;
	AUTO(buf_free) struct buf out = { 0 };
	sgx_target_info_parse(&r, &target);
	sgx_target_info_put(&out, &target);
	compare(&r, data, &out, false);
}

static void read_td_report(const uint8_t *data, size_t size, bool is_1_5)
{
	struct reader r = reader_of(data, size);
	struct td_report report;
	AUTO(buf_free) struct buf out = { 0 };
	td_report_parse(&r, is_1_5, &report);
	td_report_put(&out, &report);
	compare(&r, data, &out, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_report(data, size);
	read_target_info(data, size);
	read_td_report(data, size, false);
	read_td_report(data, size, true);
	return 0;
}
