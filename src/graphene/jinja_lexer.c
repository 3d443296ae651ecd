/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/jinja_lexer.h"

#include <ctype.h>
#include <string.h>

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const char *start, const char *end)
{
	size_t length = 0;
	while (start + length < end && is_word(start[length]))
		length++;
	return length;
}

/* Length of the string with its quotes; 0 when it has no end. */
static size_t string_length(const char *start, const char *end)
{
	for (const char *c = start + 1; c < end; c++) {
		if (*c == *start)
			return (size_t)(c - start) + 1;
		if (*c == '\\')
			c++;
	}
	return 0;
}

static bool starts_with(const char *start, const char *end, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(end - start) >= length && !memcmp(start, text, length);
}

/* Length of the first of these texts that is here; 0 for none. */
static size_t match_any(const char *start, const char *end, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (starts_with(start, end, texts[i]))
			return strlen(texts[i]);
	}
	return 0;
}

static size_t tag_end_length(const char *start, const char *end)
{
	static const char *const texts[] = { "-}}", "-%}", "+%}", "}}", "%}" };
	return match_any(start, end, texts, sizeof(texts) / sizeof(texts[0]));
}

static size_t operator_length(const char *start, const char *end)
{
	static const char *const texts[] = { "==", "!=", "<=", ">=", "<", ">", "=", "(", ")", "[",
		"]", ".", ",", "|", "~", "+", "-", "*", "/" };
	return match_any(start, end, texts, sizeof(texts) / sizeof(texts[0]));
}

static bool read_token(struct jinja_lexer *lexer, struct error *err)
{
	const char *start = lexer->next;
	const char *end = lexer->end;
	struct jinja_token *token = &lexer->token;
	*token = (struct jinja_token){ .kind = JINJA_TEXT_END, .start = start };
	if (start == end)
		return true;
	if (*start == '"' || *start == '\'') {
		token->kind = JINJA_STRING;
		token->length = string_length(start, end);
		return token->length || error_set(err, ERROR_INVALID, "a string has no end");
	}
	if (is_word(*start)) {
		token->kind = isdigit((unsigned char)*start) ? JINJA_INTEGER : JINJA_NAME;
		token->length = word_length(start, end);
		return true;
	}
	token->kind = JINJA_TAG_END;
	token->length = tag_end_length(start, end);
	if (token->length)
		return true;
	token->kind = JINJA_OPERATOR;
	token->length = operator_length(start, end);
	return token->length || error_set(err, ERROR_INVALID, "'%c' means nothing here",
					isprint(*start) ? *start : '?');
}

bool jinja_advance(struct jinja_lexer *lexer, struct error *err)
{
	while (lexer->next < lexer->end && isspace((unsigned char)*lexer->next))
		lexer->next++;
	if (!read_token(lexer, err))
		return false;
	lexer->next += lexer->token.length;
	return true;
}

static bool is_token(const struct jinja_lexer *lexer, enum jinja_token_kind kind, const char *text)
{
	const struct jinja_token *token = &lexer->token;
	return token->kind == kind && token->length == strlen(text) &&
	       !memcmp(token->start, text, token->length);
}

bool jinja_is_operator(const struct jinja_lexer *lexer, const char *text)
{
	return is_token(lexer, JINJA_OPERATOR, text);
}

bool jinja_is_name(const struct jinja_lexer *lexer, const char *text)
{
	return is_token(lexer, JINJA_NAME, text);
}

bool jinja_unexpected(const struct jinja_lexer *lexer, struct error *err)
{
	const struct jinja_token *token = &lexer->token;
	if (token->kind == JINJA_TEXT_END)
		return error_set(err, ERROR_INVALID, "the tag has no end");
	return error_set(err, ERROR_INVALID, "unexpected %.*s", (int)token->length, token->start);
}

bool jinja_expect(struct jinja_lexer *lexer, const char *symbol, struct error *err)
{
	if (jinja_is_operator(lexer, symbol))
		return jinja_advance(lexer, err);
	jinja_unexpected(lexer, err);
	return error_prefix(err, "'%s' is missing", symbol);
}

bool jinja_unescape(const struct jinja_token *token, struct buf *out, struct error *err)
{
	static const char letters[] = "ntr\\'\"";
	static const char meanings[] = "\n\t\r\\'\"";
	const char *end = token->start + token->length - 1;
	for (const char *c = token->start + 1; c < end; c++) {
		if (*c != '\\') {
			buf_put_u8(out, (uint8_t)*c);
			continue;
		}
		const char *found = memchr(letters, *++c, strlen(letters));
		if (!found)
			return error_set(err, ERROR_INVALID, "the escape \\%c is not supported",
				isprint((unsigned char)*c) ? *c : '?');
		buf_put_u8(out, (uint8_t)meanings[found - letters]);
	}
	return true;
}
