/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/toml_text.h"

#include <stdint.h>
#include <string.h>

/* What is left of the text. Steps that would leave it end at its end. */
struct scan {
	const char *at;
	const char *end;
};

static bool is_at(const struct scan *scan, const char *text)
{
	size_t length = strlen(text);
	return (size_t)(scan->end - scan->at) >= length && !memcmp(scan->at, text, length);
}

static bool is_one_of(const struct scan *scan, const char *letters)
{
	return scan->at < scan->end && *scan->at && strchr(letters, *scan->at);
}

static void step(struct scan *scan, size_t count)
{
	size_t left = (size_t)(scan->end - scan->at);
	scan->at += count < left ? count : left;
}

static void skip_all(struct scan *scan, const char *letters)
{
	while (is_one_of(scan, letters))
		scan->at++;
}

static void skip_line(struct scan *scan)
{
	const char *feed = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
	scan->at = feed ? feed : scan->end;
}

/* A string of any of TOML's four kinds, which the next character starts. */
static void skip_string(struct scan *scan)
{
	const char *quote = *scan->at == '"' ? "\"" : "'";
	const char *long_quote = *scan->at == '"' ? "\"\"\"" : "'''";
	const char *close = is_at(scan, long_quote) ? long_quote : quote;
	step(scan, strlen(close));
	while (scan->at < scan->end && !is_at(scan, close))
		step(scan, *scan->at == '\\' && *quote == '"' ? 2 : 1);
	step(scan, strlen(close));
	/* of long strings, the last two characters may be quotes themselves */
	for (int more = 0; close == long_quote && more < 2 && is_at(scan, quote); more++)
		scan->at++;
}

/* A value up to the first of `ends` that is in none of its strings and brackets. */
static struct bytes take_value(struct scan *scan, const char *ends)
{
	const char *start = scan->at;
	const char *last = start;
	size_t depth = 0;
	while (scan->at < scan->end && (depth || !is_one_of(scan, ends))) {
		if (is_one_of(scan, "\"'")) {
			skip_string(scan);
		} else if (*scan->at == '#') {
			skip_line(scan);
		} else {
			depth += is_one_of(scan, "[{");
			depth -= depth && is_one_of(scan, "]}");
			scan->at++;
		}
		if (!strchr(" \t\r\n", scan->at[-1]))
			last = scan->at;
	}
	return (struct bytes){ start, (size_t)(last - start) };
}

/* Whether this line is an assignment to the key; then the scan stands behind the equals sign. */
static bool take_key(struct scan *scan, const char *key)
{
	skip_all(scan, " \t");
	if (!is_at(scan, key))
		return false;
	step(scan, strlen(key));
	skip_all(scan, " \t");
	if (!is_at(scan, "="))
		return false;
	step(scan, 1);
	skip_all(scan, " \t");
	return true;
}

bool toml_text_find(struct bytes text, const char *key, struct bytes *value, struct error *err)
{
	struct scan scan = { text.data, (const char *)text.data + text.size };
	size_t matches = 0;
	while (scan.at < scan.end) {
		if (take_key(&scan, key)) {
			*value = take_value(&scan, "#\n");
			matches++;
		}
		skip_line(&scan);
		step(&scan, 1);
	}
	if (!matches)
		return error_set(err, ERROR_NOT_FOUND,
			"failed to detect position of config entry %s: it has to stand on a line of its own, as '%s = ...'",
			key, key);
	return matches == 1 ||
	       error_set(err, ERROR_INVALID, "found multiple matches for a single entry: %s", key);
}

/* Copies elements and comments; says whether the last comment is on a line of its own. */
static void copy_elements(struct scan *scan, struct buf *out)
{
	bool is_new_line = false;
	for (;;) {
		while (is_one_of(scan, " \t\r\n,")) {
			is_new_line = is_new_line || *scan->at == '\n';
			scan->at++;
		}
		if (scan->at == scan->end)
			return;
		if (*scan->at == '#') {
			const char *start = scan->at;
			skip_line(scan);
			size_t length = (size_t)(scan->at - start);
			length -= length && start[length - 1] == '\r';
			buf_put_text(out, is_new_line ? "\n  " : " ");
			buf_put(out, start, length);
		} else {
			struct bytes element = take_value(scan, ",#\n");
			buf_put_text(out, "\n  ");
			buf_put(out, element.data, element.size);
			buf_put_text(out, ",");
			is_new_line = false;
		}
	}
}

void toml_text_add_element(const struct bytes *array, const char *element, struct buf *out)
{
	buf_put_text(out, "[");
	if (array && array->size >= 2) {
		const char *start = array->data;
		struct scan inside = { start + 1, start + array->size - 1 };
		copy_elements(&inside, out);
	}
	buf_printf(out, "\n  %s,\n]", element);
}
