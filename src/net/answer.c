/* SPDX-License-Identifier: Apache-2.0 */
#include "net/answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HEAD_END        "\r\n\r\n"
#define LINE_END        "\r\n"
#define LINE_END_SIZE   2
#define LENGTH_DIGITS   10 /* of a chunk or body, more than any that is accepted */
#define CHUNK_LINE_MAX  256
#define STATUS_LINE_MIN 12 /* "HTTP/1.1 200" */

void net_answer_free(struct net_answer *answer)
{
	buf_free(&answer->head);
	buf_free(&answer->body);
	*answer = (struct net_answer){ 0 };
}

static enum net_answer_state bad(struct error *err, const char *what)
{
	error_set(err, ERROR_INVALID, "its answer is no good: %s", what);
	return NET_ANSWER_BAD;
}

/* Where it needs more: that never comes once the server has ended. */
static enum net_answer_state need_more(bool ended, struct error *err)
{
	return ended ? bad(err, "it is cut off") : NET_ANSWER_INCOMPLETE;
}

/* One header line without its end, "Name: value"; white space around the value does not count. */
static struct bytes value_if_named(const char *line, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	if (length <= name_length || line[name_length] != ':' ||
		strncasecmp(line, name, name_length) != 0)
		return (struct bytes){ NULL, 0 };
	const char *start = line + name_length + 1;
	const char *end = line + length;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct bytes){ start, (size_t)(end - start) };
}

struct bytes net_answer_header(const struct net_answer *answer, const char *name)
{
	const char *line = buf_text(&answer->head);
	for (const char *end; (end = strstr(line, LINE_END)); line = end + LINE_END_SIZE) {
		struct bytes value = value_if_named(line, (size_t)(end - line), name);
		if (value.data)
			return value;
	}
	return (struct bytes){ "", 0 };
}

static bool read_status(struct net_answer *answer)
{
	const char *text = buf_text(&answer->head);
	if (answer->head.size < STATUS_LINE_MIN || strncmp(text, "HTTP/1.", 7) != 0 ||
		!isdigit((unsigned char)text[7]) || text[8] != ' ')
		return false;
	for (size_t i = 9; i < STATUS_LINE_MIN; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		answer->status = 10 * answer->status + (unsigned)(text[i] - '0');
	}
	/* an interim answer comes only to requests that have a body */
	return answer->status >= 200;
}

/* A number of digits in base 10 or 16 alone. False for anything else or too many of them. */
static bool read_length(const char *text, size_t count, unsigned base, size_t *length)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	*length = 0;
	if (!count || count > LENGTH_DIGITS)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *found = memchr(digits, text[i], base == 16 ? sizeof(digits) - 1 : base);
		if (!found)
			return false;
		size_t value = (size_t)(found - digits);
		*length = *length * base + (value < 16 ? value : value - 6);
	}
	return true;
}

/* What is left of the received bytes. */
struct rest {
	const char *next;
	size_t left;
	bool ended;
};

static void skip(struct rest *rest, size_t size)
{
	rest->next += size;
	rest->left -= size;
}

/* The length of the next line; false when its end is not there yet. */
static bool find_line(const struct rest *rest, size_t *length)
{
	const char *end = memmem(rest->next, rest->left, LINE_END, LINE_END_SIZE);
	if (end)
		*length = (size_t)(end - rest->next);
	return end != NULL;
}

static enum net_answer_state read_trailers(struct rest *rest, struct error *err)
{
	size_t length = 1;
	while (length) {
		if (!find_line(rest, &length))
			return rest->left > NET_ANSWER_HEAD_MAX
				       ? bad(err, "its trailer is too long")
				       : need_more(rest->ended, err);
		skip(rest, length + LINE_END_SIZE);
	}
	return NET_ANSWER_COMPLETE;
}

static enum net_answer_state read_chunks(
	struct rest rest, size_t body_max, struct buf *body, struct error *err)
{
	for (;;) {
		size_t line;
		size_t size;
		if (!find_line(&rest, &line))
			return rest.left > CHUNK_LINE_MAX ? bad(err, "a chunk has no length")
							  : need_more(rest.ended, err);
		const char *semicolon = memchr(rest.next, ';', line); /* before extensions */
		size_t digits = semicolon ? (size_t)(semicolon - rest.next) : line;
		if (!read_length(rest.next, digits, 16, &size))
			return bad(err, "a chunk has no length");
		skip(&rest, line + LINE_END_SIZE);
		if (!size)
			return read_trailers(&rest, err);
		if (size > body_max - body->size)
			return bad(err, "it is too long");
		if (rest.left < size + LINE_END_SIZE)
			return need_more(rest.ended, err);
		buf_put(body, rest.next, size);
		if (memcmp(rest.next + size, LINE_END, LINE_END_SIZE) != 0)
			return bad(err, "a chunk does not end where it should");
		skip(&rest, size + LINE_END_SIZE);
	}
}

static enum net_answer_state read_body(
	struct rest rest, size_t body_max, struct net_answer *answer, struct error *err)
{
	struct bytes encoding = net_answer_header(answer, "Transfer-Encoding");
	struct bytes announced = net_answer_header(answer, "Content-Length");
	size_t length = rest.left;
	if (encoding.size) {
		if (encoding.size != strlen("chunked") ||
			strncasecmp(encoding.data, "chunked", encoding.size) != 0)
			return bad(err, "its transfer encoding is unknown");
		return read_chunks(rest, body_max, &answer->body, err);
	}
	if (announced.size && !read_length(announced.data, announced.size, 10, &length))
		return bad(err, "its Content-Length is no number");
	if (length > body_max)
		return bad(err, "it is too long");
	if (announced.size ? rest.left < length : !rest.ended)
		return need_more(rest.ended, err);
	buf_put(&answer->body, rest.next, length);
	return NET_ANSWER_COMPLETE;
}

enum net_answer_state net_answer_read(struct bytes received, bool ended, size_t body_max,
	struct net_answer *answer, struct error *err)
{
	*answer = (struct net_answer){ 0 };
	struct rest rest = { received.data, received.size, ended };
	size_t searched = rest.left < NET_ANSWER_HEAD_MAX ? rest.left : NET_ANSWER_HEAD_MAX;
	const char *end =
		searched ? memmem(rest.next, searched, HEAD_END, sizeof(HEAD_END) - 1) : NULL;
	if (!end)
		return searched == NET_ANSWER_HEAD_MAX ? bad(err, "its head is too long")
						       : need_more(ended, err);
	size_t length = (size_t)(end - rest.next) + LINE_END_SIZE;
	if (memchr(rest.next, 0, length))
		return bad(err, "there is a NUL in its head");
	buf_put(&answer->head, rest.next, length);
	skip(&rest, length + LINE_END_SIZE);
	enum net_answer_state state = read_status(answer) ? read_body(rest, body_max, answer, err)
							  : bad(err, "it is not HTTP/1.1");
	if (state != NET_ANSWER_COMPLETE)
		net_answer_free(answer);
	return state;
}
