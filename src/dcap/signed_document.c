/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/signed_document.h"

#include "base/hex.h"
#include "base/reader.h"
#include "dcap/text.h"

#include <string.h>

#define SIGNATURE_DIGITS (2 * P256_RAW_SIZE)

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

/*
 * The characters of a string as they are spelled: with an escape in it, a name is another name, and
 * a signature is none.
 */
static struct bytes take_string(struct reader *r)
{
	const uint8_t *start = r->next + 1;
	if (!next_is(r, '"'))
		reader_fail(r);
	do {
		reader_u8(r);
	} while (!r->bad && !next_is(r, '"') && !next_is(r, '\\'));
	if (!next_is(r, '"'))
		reader_fail(r);
	size_t size = r->bad ? 0 : (size_t)(r->next - start);
	reader_u8(r);
	return (struct bytes){ size ? (const void *)start : "", size };
}

/*
 * How long the object is that `text` starts with; 0 if it does not end. Only brackets and strings
 * are looked at, which is enough to find its end; what stands between them is left to the JSON
 * parser. Each byte is looked at once, as this is done for all that is sent.
 */
static size_t object_size(const uint8_t *text, size_t size)
{
	char open[SIGNED_DOCUMENT_DEPTH_MAX] = { '{' }; /* of the outer object, already taken */
	size_t depth = 1;
	bool is_in_string = false;
	for (size_t i = 0; i < size; i++) {
		uint8_t c = text[i];
		if (is_in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			is_in_string = !is_in_string;
		} else if (is_in_string) {
			continue;
		} else if (c == '{' || c == '[') {
			if (depth == SIGNED_DOCUMENT_DEPTH_MAX)
				return 0;
			open[depth++] = (char)c;
		} else if (c == '}' || c == ']') {
			if (open[--depth] != (c == '}' ? '{' : '['))
				return 0;
			if (depth == 1)
				return i + 1;
		}
	}
	return 0;
}

static struct bytes take_object(struct reader *r)
{
	size_t size = next_is(r, '{') ? object_size(r->next, r->left) : 0;
	if (!size)
		reader_fail(r);
	return (struct bytes){ reader_bytes(r, size), size };
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
