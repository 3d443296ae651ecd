/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/pem.h"

#include "base/base64.h"
#include "base/cleanup.h"

#include <string.h>

#define LINE_LENGTH 64

static const char begin_marker[] = "-----BEGIN ";
static const char end_marker[] = "-----END ";
static const char dashes[] = "-----";

void pem_encode(struct buf *out, const char *label, struct bytes der)
{
	AUTO(buf_free) struct buf text = { 0 };
	base64_encode(&text, der.data, der.size);
	buf_printf(out, "%s%s%s\n", begin_marker, label, dashes);
	for (size_t i = 0; i < text.size; i += LINE_LENGTH) {
		size_t rest = text.size - i;
		buf_put(out, text.data + i, rest < LINE_LENGTH ? rest : LINE_LENGTH);
		buf_put_u8(out, '\n');
	}
	buf_printf(out, "%s%s%s\n", end_marker, label, dashes);
}

struct pem_reader pem_reader_of(const void *text, size_t size)
{
	/* what is empty may have no address, which memmem must not see */
	return (struct pem_reader){ .next = size ? text : "", .left = size };
}

/* Steps behind the next occurrence of marker; returns the length of what was before it, or -1. */
static ptrdiff_t step_behind(struct pem_reader *reader, const char *marker)
{
	const char *found = memmem(reader->next, reader->left, marker, strlen(marker));
	if (!found)
		return -1;
	ptrdiff_t before = found - reader->next;
	reader->left -= (size_t)before + strlen(marker);
	reader->next = found + strlen(marker);
	return before;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_white_space(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_blank(text[i]))
			return false;
	}
	return true;
}

static bool read_label(struct pem_reader *reader, char label[PEM_LABEL_MAX])
{
	const char *start = reader->next;
	ptrdiff_t length = step_behind(reader, dashes);
	if (length < 0 || length >= PEM_LABEL_MAX)
		return false;
	memcpy(label, start, (size_t)length);
	label[length] = 0;
	return true;
}

/* Base64 between the markers, where blanks do not count; those that are rare are taken out. */
static bool decode_body(const char *text, size_t length, struct buf *der)
{
	AUTO(buf_free) struct buf compact = { 0 };
	buf_clear(der);
	if (!memchr(text, ' ', length) && !memchr(text, '\t', length))
		return base64_decode(der, text, length);
	char *next = (char *)buf_extend(&compact, length);
	const char *start = next;
	for (size_t i = 0; i < length; i++) {
		if (!is_blank(text[i]))
			*next++ = text[i];
	}
	return base64_decode(der, start, (size_t)(next - start));
}

bool pem_next(
	struct pem_reader *reader, char label[PEM_LABEL_MAX], struct buf *der, struct error *err)
{
	const char *start = reader->next;
	ptrdiff_t before = step_behind(reader, begin_marker);
	size_t outside = before < 0 ? reader->left : (size_t)before;
	reader->foreign_text |= !is_white_space(start, outside);
	if (before < 0) {
		if (err)
			err->kind = ERROR_NONE;
		return false;
	}
	char end_label[PEM_LABEL_MAX];
	if (!read_label(reader, label))
		return error_set(err, ERROR_INVALID, "PEM block without a label");
	const char *body = reader->next;
	ptrdiff_t body_length = step_behind(reader, end_marker);
	if (body_length < 0 || !read_label(reader, end_label) || strcmp(label, end_label))
		return error_set(err, ERROR_INVALID, "PEM block \"%s\" without its end", label);
	if (!decode_body(body, (size_t)body_length, der))
		return error_set(err, ERROR_INVALID, "PEM block \"%s\" is not base64", label);
	return true;
}
