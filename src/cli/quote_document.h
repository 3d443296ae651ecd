/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that a quote says, as one JSON document whose members stand in the quote's order. */
#ifndef CLI_QUOTE_DOCUMENT_H
#define CLI_QUOTE_DOCUMENT_H

#include "client/json.h"
#include "sgx/quote.h"

/*
 * Never fails: where the certification data are not what they should be, the document says so in
 * "certification": {"error": …}.
 */
json_t *quote_document(const struct sgx_quote *quote, size_t size);

/* Appends the document for people: a line per member, what is nested is indented. */
void quote_document_put_text(const json_t *document, struct buf *out);

#endif
