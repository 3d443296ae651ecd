/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/template_lex.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "manifest/template_literal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DELIMITER 2 /* length of {{ and }} */
#define TRIM      2 /* length of "- " and " -", which trim what is around an action */

struct lexer lexer_of(struct bytes text)
{
	return (struct lexer){ .text = text.data, .size = text.size, .line = 1 };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_with(const struct lexer *l, size_t at, const char *text)
{
	size_t length = strlen(text);
	return at <= l->size && l->size - at >= length && !memcmp(l->text + at, text, length);
}

static bool accept(struct lexer *l, const char *set)
{
	if (l->at >= l->size || !l->text[l->at] || !strchr(set, l->text[l->at]))
		return false;
	l->at++;
	return true;
}

static void accept_all(struct lexer *l, const char *set)
{
	while (accept(l, set))
		;
}

/* Takes what lies between `from` and the present place as a token and counts its lines. */
static struct token token_from(struct lexer *l, enum token_kind kind, size_t from)
{
	struct token token = { kind, { l->text + from, l->at - from }, from, l->line };
	for (size_t i = from; i < l->at; i++)
		l->line += l->text[i] == '\n';
	return token;
}

static void skip_to(struct lexer *l, size_t to)
{
	size_t from = l->at;
	l->at = to;
	token_from(l, TOKEN_TEXT, from);
}

static struct token fail(struct lexer *l, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(l->message, sizeof(l->message), format, args);
	va_end(args);
	return (struct token){ TOKEN_ERROR, bytes_of_text(l->message), l->at, l->line };
}

/* Reads the character at the present place; U+FFFD, of one byte, for what is no UTF-8. */
static uint32_t peek_character(const struct lexer *l, size_t *length)
{
	uint32_t point;
	*length = utf8_read(l->text + l->at, l->size - l->at, &point);
	if (*length)
		return point;
	*length = 1;
	return 0xfffd;
}

/* "message U+0023 '#'" */
static struct token fail_character(struct lexer *l, const char *message)
{
	size_t length;
	uint32_t point = peek_character(l, &length);
	if (!literal_is_printable(point))
		return fail(l, "%s U+%04X", message, point);
	AUTO(buf_free) struct buf character = { 0 };
	utf8_put(&character, point);
	return fail(l, "%s U+%04X '%s'", message, point, buf_text(&character));
}

/*
 * Letters and digits beyond ASCII: everything but the blocks of punctuation and symbols that get
 * into texts by copying, such as no-break spaces and typographic quotes.
 */
static bool is_letter(uint32_t point)
{
	if (point < 0x80)
		return isalnum((int)point) || point == '_';
	return point >= 0xc0 && (point < 0x2000 || point >= 0x2c00) && point != 0x3000 &&
	       point != 0xfffd;
}

static void accept_letters(struct lexer *l)
{
	size_t length;
	while (l->at < l->size && is_letter(peek_character(l, &length)))
		l->at += length;
}

/* The length of "}}" or " -}}" at a place; 0 if it is not there. */
static size_t right_delimiter(const struct lexer *l, size_t at)
{
	if (starts_with(l, at, "}}"))
		return DELIMITER;
	bool trims = at < l->size && is_space(l->text[at]) && starts_with(l, at + 1, "-}}");
	return trims ? TRIM + DELIMITER : 0;
}

static size_t space_from(const struct lexer *l, size_t at)
{
	while (at < l->size && is_space(l->text[at]))
		at++;
	return at;
}

/* After a right delimiter of this length. */
static void skip_trimmed(struct lexer *l, size_t delimiter)
{
	if (delimiter > DELIMITER)
		skip_to(l, space_from(l, l->at));
}

/* Outside of actions. */

/* The length of "- " behind the {{ at this place; 0 if it is not there. */
static size_t left_trim(const struct lexer *l, size_t delimiter)
{
	size_t at = delimiter + DELIMITER;
	return l->size - delimiter >= DELIMITER + TRIM && l->text[at] == '-' &&
			       is_space(l->text[at + 1])
		       ? TRIM
		       : 0;
}

static size_t find(const struct lexer *l, size_t from, const char *text)
{
	const char *found = memmem(l->text + from, l->size - from, text, strlen(text));
	return found ? (size_t)(found - l->text) : l->size;
}

/* Steps over a comment and the delimiter behind it. */
static bool skip_comment(struct lexer *l, struct token *error)
{
	size_t end = find(l, l->at + 2, "*/");
	if (end == l->size) {
		*error = fail(l, "unclosed comment");
		return false;
	}
	size_t delimiter = right_delimiter(l, end + 2);
	if (!delimiter) {
		*error = fail(l, "comment ends before closing delimiter");
		return false;
	}
	skip_to(l, end + 2 + delimiter);
	skip_trimmed(l, delimiter);
	return true;
}

static struct token next_outside(struct lexer *l)
{
	for (;;) {
		size_t start = l->at;
		size_t delimiter = find(l, start, "{{");
		size_t trim = delimiter < l->size ? left_trim(l, delimiter) : 0;
		size_t end = delimiter;
		while (trim && end > start && is_space(l->text[end - 1]))
			end--;
		if (end > start) {
			l->at = end;
			return token_from(l, TOKEN_TEXT, start);
		}
		skip_to(l, delimiter);
		if (delimiter == l->size)
			return token_from(l, TOKEN_END, delimiter);
		l->at += DELIMITER + trim;
		if (!starts_with(l, l->at, "/*")) {
			l->inside_action = true;
			l->open_parens = 0;
			return token_from(l, TOKEN_LEFT_DELIMITER, delimiter);
		}
		struct token error;
		if (!skip_comment(l, &error))
			return error;
	}
}

/* Inside of actions. */

/* What may follow a name without space. */
static bool at_terminator(const struct lexer *l)
{
	return l->at >= l->size || is_space(l->text[l->at]) ||
	       (l->text[l->at] && strchr(".,|:)(", l->text[l->at])) || starts_with(l, l->at, "}}");
}

static struct token next_space(struct lexer *l)
{
	size_t start = l->at;
	while (l->at < l->size && is_space(l->text[l->at]) && !right_delimiter(l, l->at))
		l->at++;
	return token_from(l, TOKEN_SPACE, start);
}

/* Reads to the closing quote, which a backslash can escape, within one line. */
static struct token next_quoted(struct lexer *l, enum token_kind kind, const char *unterminated)
{
	size_t start = l->at;
	char quote = l->text[l->at++];
	for (; l->at < l->size && l->text[l->at] != '\n'; l->at++) {
		if (l->text[l->at] == quote) {
			l->at++;
			return token_from(l, kind, start);
		}
		if (l->text[l->at] == '\\' && l->at + 1 < l->size && l->text[l->at + 1] != '\n')
			l->at++;
	}
	return fail(l, "%s", unterminated);
}

static struct token next_raw_string(struct lexer *l)
{
	size_t start = l->at;
	size_t end = find(l, start + 1, "`");
	if (end == l->size)
		return fail(l, "unterminated raw quoted string");
	l->at = end + 1;
	return token_from(l, TOKEN_RAW_STRING, start);
}

static void accept_number(struct lexer *l)
{
	accept(l, "+-");
	const char *digits = "0123456789_";
	bool decimal = true;
	if (accept(l, "0")) {
		decimal = false;
		if (accept(l, "xX"))
			digits = "0123456789abcdefABCDEF_";
		else if (accept(l, "oO"))
			digits = "01234567_";
		else if (accept(l, "bB"))
			digits = "01_";
		else
			decimal = true;
	}
	accept_all(l, digits);
	if (accept(l, "."))
		accept_all(l, digits);
	if (decimal && accept(l, "eE")) {
		accept(l, "+-");
		accept_all(l, digits);
	}
}

static struct token next_number(struct lexer *l)
{
	size_t start = l->at;
	size_t length;
	accept_number(l);
	if (l->at >= l->size || !is_letter(peek_character(l, &length)))
		return token_from(l, TOKEN_NUMBER, start);
	l->at += length;
	return fail(l, "bad number syntax: \"%.*s\"", (int)(l->at - start), l->text + start);
}

/* A dot, or a dot and a name. */
static struct token next_field(struct lexer *l)
{
	size_t start = l->at++;
	if (at_terminator(l))
		return token_from(l, TOKEN_DOT, start);
	accept_letters(l);
	return at_terminator(l) ? token_from(l, TOKEN_FIELD, start)
				: fail_character(l, "bad character");
}

static struct token next_variable(struct lexer *l)
{
	size_t start = l->at++;
	accept_letters(l);
	return at_terminator(l) ? token_from(l, TOKEN_VARIABLE, start)
				: fail_character(l, "bad character");
}

static enum token_kind kind_of_word(struct bytes word)
{
	static const char *const keywords[] = { "block", "break", "continue", "define", "else",
		"end", "if", "range", "template", "with" };
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++) {
		if (bytes_equal(word, bytes_of_text(keywords[i])))
			return TOKEN_KEYWORD;
	}
	if (bytes_equal(word, bytes_of_text("nil")))
		return TOKEN_NIL;
	if (bytes_equal(word, bytes_of_text("true")) || bytes_equal(word, bytes_of_text("false")))
		return TOKEN_BOOL;
	return TOKEN_IDENTIFIER;
}

static struct token next_word(struct lexer *l)
{
	size_t start = l->at;
	accept_letters(l);
	if (!at_terminator(l))
		return fail_character(l, "bad character");
	struct bytes word = { l->text + start, l->at - start };
	return token_from(l, kind_of_word(word), start);
}

static struct token next_mark(struct lexer *l, enum token_kind kind, size_t length)
{
	l->at += length;
	return token_from(l, kind, l->at - length);
}

static struct token next_paren(struct lexer *l)
{
	if (l->text[l->at] == '(') {
		l->open_parens++;
		return next_mark(l, TOKEN_LEFT_PAREN, 1);
	}
	if (!l->open_parens)
		return fail(l, "unexpected right paren");
	l->open_parens--;
	return next_mark(l, TOKEN_RIGHT_PAREN, 1);
}

static struct token next_other(struct lexer *l)
{
	size_t length;
	uint32_t point = peek_character(l, &length);
	if (is_letter(point))
		return next_word(l);
	if (starts_with(l, l->at, ":="))
		return next_mark(l, TOKEN_OTHER, 2);
	if (point == ':')
		return fail(l, "expected :=");
	if (point > 0x20 && point < 0x7f)
		return next_mark(l, TOKEN_OTHER, 1);
	return fail_character(l, "unrecognized character in action:");
}

static struct token next_right_delimiter(struct lexer *l, size_t length)
{
	if (l->open_parens)
		return fail(l, "unclosed left paren");
	struct token token = next_mark(l, TOKEN_RIGHT_DELIMITER, length);
	token.text.data = "}}";
	token.text.size = DELIMITER;
	l->inside_action = false;
	skip_trimmed(l, length);
	return token;
}

static struct token next_inside(struct lexer *l)
{
	size_t delimiter = right_delimiter(l, l->at);
	if (delimiter)
		return next_right_delimiter(l, delimiter);
	if (l->at >= l->size)
		return fail(l, "unclosed action");
	char c = l->text[l->at];
	bool digit_follows = l->at + 1 < l->size && isdigit((unsigned char)l->text[l->at + 1]);
	if (is_space(c))
		return next_space(l);
	if (isdigit((unsigned char)c) || c == '+' || c == '-' || (c == '.' && digit_follows))
		return next_number(l);
	switch (c) {
	case '|':
		return next_mark(l, TOKEN_PIPE, 1);
	case '(':
	case ')':
		return next_paren(l);
	case '.':
		return next_field(l);
	case '$':
		return next_variable(l);
	case '"':
		return next_quoted(l, TOKEN_STRING, "unterminated quoted string");
	case '\'':
		return next_quoted(l, TOKEN_CHAR_CONSTANT, "unterminated character constant");
	case '`':
		return next_raw_string(l);
	default:
		return next_other(l);
	}
}

struct token lexer_next(struct lexer *lexer)
{
	return lexer->inside_action ? next_inside(lexer) : next_outside(lexer);
}
