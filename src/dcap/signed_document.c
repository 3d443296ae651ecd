/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/signed_document.h"

#include "base/hex.h"
#include "base/reader.h"
#include "dcap/text.h"

#include <string.h>

#define SIGNATURE_DIGITS (2 * P256_RAW_SIZE)

/* What take_object and skip_string look at; most bytes are none of it. */
static bool is_mark(uint8_t c)
{
	return c == '"' || c == '\\' || c == '{' || c == '}' || c == '[' || c == ']';
}

static void skip_to_mark(struct reader *r)
{
	const uint8_t *next = r->next;
	const uint8_t *end = next + r->left;
	while (next < end && !is_mark(*next))
		next++;
	reader_bytes(r, (size_t)(next - r->next));
}

static bool next_is(const struct reader *r, char c)
{
	return r->left && *r->next == (uint8_t)c;
}

static void skip_white_space(struct reader *r)
{
	while (r->left && text_is_white_space((char)*r->next))
		reader_u8(r);
}

/* Steps over c and the white space around it; makes the reader bad if c is not there. */
static void take_token(struct reader *r, char c)
{
	skip_white_space(r);
	if (!next_is(r, c))
		reader_fail(r);
	reader_u8(r);
	skip_white_space(r);
}

/* Steps over a string, from quotation mark to quotation mark. */
static void skip_string(struct reader *r)
{
	reader_u8(r);
	for (skip_to_mark(r); !r->bad && !next_is(r, '"'); skip_to_mark(r)) {
		if (reader_u8(r) == '\\')
			reader_u8(r);
	}
	reader_u8(r);
}

/*
 * The characters of a string as they are spelled: with an escape in it, a name is another name, and
 * a signature is none.
 */
static struct bytes take_string(struct reader *r)
{
	const uint8_t *start = r->next;
	if (!next_is(r, '"'))
		reader_fail(r);
	skip_string(r);
	if (r->bad)
		return (struct bytes){ "", 0 };
	return (struct bytes){ start + 1, (size_t)(r->next - start) - 2 };
}

/*
 * Steps over an object. Only brackets and strings are looked at, which is enough to find its end;
 * what stands between them is left to the JSON parser.
 */
static struct bytes take_object(struct reader *r)
{
	char open[SIGNED_DOCUMENT_DEPTH_MAX] = { '{' }; /* of the outer object, already taken */
	size_t depth = 1;
	const uint8_t *start = r->next;
	if (!next_is(r, '{'))
		reader_fail(r);
	do {
		skip_to_mark(r);
		if (next_is(r, '"')) {
			skip_string(r);
			continue;
		}
		char c = (char)reader_u8(r);
		if (c == '{' || c == '[') {
			if (depth == SIGNED_DOCUMENT_DEPTH_MAX)
				reader_fail(r);
			else
				open[depth++] = c;
		} else if (c == '}' || c == ']') {
			if (open[--depth] != (c == '}' ? '{' : '['))
				reader_fail(r);
		}
	} while (!r->bad && depth > 1);
	return (struct bytes){ start, r->bad ? 0 : (size_t)(r->next - start) };
}

static bool take_member(
	struct reader *r, const char *name, struct signed_document *out, bool *has_signature)
{
	struct bytes member = take_string(r);
	take_token(r, ':');
	if (bytes_equal(member, bytes_of_text(name)) && !out->body.data) {
		out->body = take_object(r);
		return !r->bad;
	}
	if (bytes_equal(member, bytes_of_text("signature")) && !*has_signature) {
		struct bytes digits = take_string(r);
		AUTO(buf_free) struct buf raw = { 0 };
		if (digits.size != SIGNATURE_DIGITS || !hex_decode(&raw, digits.data, digits.size))
			return false;
		memcpy(out->signature, raw.data, P256_RAW_SIZE);
		*has_signature = true;
		return true;
	}
	return false;
}

bool signed_document_find(
	struct bytes text, const char *name, struct signed_document *out, struct error *err)
{
	*out = (struct signed_document){ 0 };
	if (text.size > SIGNED_DOCUMENT_MAX)
		return error_set(
			err, ERROR_INVALID, "it is longer than %d bytes", SIGNED_DOCUMENT_MAX);
	text = text_without_end(text);
	struct reader r = reader_of(text.data, text.size);
	bool has_signature = false;
	take_token(&r, '{');
	bool good = take_member(&r, name, out, &has_signature);
	take_token(&r, ',');
	good = good && take_member(&r, name, out, &has_signature);
	take_token(&r, '}');
	if (good && reader_finished(&r))
		return true;
	return error_set(err, ERROR_INVALID,
		"it is not {\"%s\":{...},\"signature\":\"<%d hex digits>\"} alone", name,
		SIGNATURE_DIGITS);
}

bool signed_document_verify(
	const struct signed_document *document, const struct p256_key *key, struct error *err)
{
	if (p256_verify_raw(key, document->body, document->signature))
		return true;
	return error_set(err, ERROR_DENIED,
		"its signature is not by the key of its issuer chain: was the file changed?");
}
