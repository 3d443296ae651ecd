/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM (RFC 7468), written strictly and read by its markers alone: chains in genuine quotes have
 * lines of any length, and markers of two certificates on one line (spec dcap.md clause 1.5).
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include "base/buf.h"
#include "base/error.h"
#include "crypto/digest.h"

#define PEM_LABEL_MAX 64 /* with NUL */

/* Appends one block with lines of 64 characters and a line feed at the end. */
void pem_encode(struct buf *out, const char *label, struct bytes der);

struct pem_reader {
	const char *next;
	size_t left;
	bool foreign_text; /* something other than white space stood outside the blocks so far */
};

struct pem_reader pem_reader_of(const void *text, size_t size);

/*
 * Reads the next block: label and decoded content (replacing what was in der). False at the end of
 * the text, with err->kind ERROR_NONE; or with ERROR_INVALID when a block is not well-formed.
 */
bool pem_next(
	struct pem_reader *reader, char label[PEM_LABEL_MAX], struct buf *der, struct error *err);

#endif
