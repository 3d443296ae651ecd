/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "cli/quote_document.h"

#include <stdlib.h>
#include <string.h>

/* What was parsed must give the same bytes again, of a version 3 to 5. */
static void put_again(struct bytes data, const struct sgx_quote *quote)
{
	AUTO(buf_free) struct buf out = { 0 };
	bool is_exact = quote->is_tdx || quote->report.reserved_are_zero;
	sgx_quote_put_signed_part(&out, quote);
	sgx_quote_put_signature_data(&out, quote);
	if (out.size != data.size || (is_exact && memcmp(out.data, data.data, data.size) != 0))
		abort();
}

/* Nothing but zeros is cut off, and of a quote that parses nothing. */
static void check_padding(struct bytes data, bool is_quote)
{
	struct bytes cut = sgx_quote_without_padding(data);
	const uint8_t *first = data.data;
	if (cut.data != data.data || cut.size > data.size || (is_quote && cut.size != data.size))
		abort();
	for (size_t i = cut.size; i < data.size; i++) {
		if (first[i])
			abort();
	}
}

/* What `marblerun quote show` prints of it. */
static void show(struct bytes data, const struct sgx_quote *quote)
{
	AUTO(buf_free) struct buf text = { 0 };
	json_t *document = quote_document(quote, data.size);
	quote_document_put_text(document, &text);
	if (!text.size)
		abort();
	json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sgx_quote quote;
	struct bytes bytes = { data, size };
	bool is_quote = sgx_quote_parse(bytes, &quote, FUZZ_ERR);
	check_padding(bytes, is_quote);
	if (!is_quote)
		return 0;
	put_again(bytes, &quote);
	show(bytes, &quote);
	return 0;
}
