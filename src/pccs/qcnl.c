/* SPDX-License-Identifier: Apache-2.0 */
#include "pccs/qcnl.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define RETRY_TIMES_MAX  100
#define RETRY_DELAY_MAX  3600
#define EXPIRE_HOURS_MAX 8760

enum key {
	PCCS_URL,
	COLLATERAL_SERVICE,
	USE_SECURE_CERT,
	TCB_UPDATE_TYPE,
	PCCS_API_VERSION,
	RETRY_TIMES,
	RETRY_DELAY,
	EXPIRE_HOURS,
	KEYS,
};

/* By their names in JSON; in the old format they are in upper case. */
static const char *const names[KEYS] = {
	[PCCS_URL] = "pccs_url",
	[COLLATERAL_SERVICE] = "collateral_service",
	[USE_SECURE_CERT] = "use_secure_cert",
	[TCB_UPDATE_TYPE] = "tcb_update_type",
	[PCCS_API_VERSION] = "pccs_api_version",
	[RETRY_TIMES] = "retry_times",
	[RETRY_DELAY] = "retry_delay",
	[EXPIRE_HOURS] = "verify_collateral_cache_expire_hours",
};

static char *with_slash(const char *url)
{
	bool is_folder = *url && url[strlen(url) - 1] == '/';
	return xasprintf("%s%s", url, is_folder ? "" : "/");
}

struct qcnl qcnl_of_service(const char *service)
{
	return (struct qcnl){ .service = with_slash(service),
		.is_secure = true,
		.retry_times = QCNL_RETRY_TIMES_DEFAULT };
}

void qcnl_free(struct qcnl *qcnl)
{
	free(qcnl->service);
	free(qcnl->pck_service);
	*qcnl = (struct qcnl){ 0 };
}

static bool set_number(
	uint32_t *number, uint32_t max, enum key key, const char *value, struct error *err)
{
	unsigned long parsed;
	if (!number_parse(value, max, &parsed))
		return error_set(err, ERROR_INVALID, "%s is \"%.100s\", but must be 0 to %u",
			names[key], value, max);
	*number = (uint32_t)parsed;
	return true;
}

/* One of two words, of which the second one is `true`. */
static bool set_choice(bool *choice, const char *no, const char *yes, enum key key,
	const char *value, struct error *err)
{
	*choice = !strcasecmp(value, yes);
	return *choice || !strcasecmp(value, no) ||
	       error_set(err, ERROR_INVALID, "%s is \"%.100s\", but must be %s or %s", names[key],
		       value, no, yes);
}

/* Other versions than these two are Intel's own service's, whose CRLs need no telling. */
static enum qcnl_api api_of(const char *value)
{
	return !strcmp(value, "3.0")   ? QCNL_API_3_0
	       : !strcmp(value, "3.1") ? QCNL_API_3_1
				       : QCNL_API_ANY;
}

static bool set_rest(struct qcnl *out, char *const values[KEYS], struct error *err)
{
	const struct {
		enum key key;
		uint32_t *number;
		uint32_t max;
	} numbers[] = {
		{ RETRY_TIMES, &out->retry_times, RETRY_TIMES_MAX },
		{ RETRY_DELAY, &out->retry_delay, RETRY_DELAY_MAX },
		{ EXPIRE_HOURS, &out->expire_hours, EXPIRE_HOURS_MAX },
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *value = values[numbers[i].key];
		if (value &&
			!set_number(numbers[i].number, numbers[i].max, numbers[i].key, value, err))
			return false;
	}
	out->api = values[PCCS_API_VERSION] ? api_of(values[PCCS_API_VERSION]) : QCNL_API_ANY;
	const char *secure = values[USE_SECURE_CERT];
	const char *update = values[TCB_UPDATE_TYPE];
	return (!secure || set_choice(&out->is_secure, "false", "true", USE_SECURE_CERT, secure,
				   err)) &&
	       (!update || set_choice(&out->wants_early, "standard", "early", TCB_UPDATE_TYPE,
				   update, err));
}

/* What values there are, as texts; owned. */
struct values {
	char *of[KEYS];
};

static void free_values(struct values *values)
{
	for (size_t i = 0; i < KEYS; i++)
		free(values->of[i]);
}

static bool fill(const struct values *values, struct qcnl *out, struct error *err)
{
	const char *service = values->of[COLLATERAL_SERVICE] ? values->of[COLLATERAL_SERVICE]
							     : values->of[PCCS_URL];
	*out = (struct qcnl){ 0 };
	if (!service || !*service)
		return error_set(err, ERROR_INVALID, "it has no %s", names[PCCS_URL]);
	*out = qcnl_of_service(service);
	if (values->of[PCCS_URL] && values->of[PCCS_URL] != service)
		out->pck_service = with_slash(values->of[PCCS_URL]);
	if (set_rest(out, values->of, err))
		return true;
	qcnl_free(out);
	return false;
}

/* The old format: KEY=value, with white space anywhere and comments from # on. */
static void read_line(const char *line, size_t length, struct values *values)
{
	AUTO(buf_free) struct buf text = { 0 };
	for (size_t i = 0; i < length && line[i] != '#' && line[i]; i++) {
		if (!isspace((unsigned char)line[i]))
			buf_put(&text, &line[i], 1);
	}
	const char *equals = strchr(buf_text(&text), '=');
	for (size_t i = 0; i < KEYS && equals; i++) {
		size_t name = strlen(names[i]);
		if ((size_t)(equals - buf_text(&text)) != name ||
			strncasecmp(buf_text(&text), names[i], name) != 0)
			continue;
		free(values->of[i]);
		values->of[i] = xstrdup(equals + 1);
	}
}

static void read_lines(struct bytes text, struct values *values)
{
	const char *next = text.data;
	const char *end = next + text.size;
	while (next < end) {
		const char *stop = memchr(next, '\n', (size_t)(end - next));
		size_t length = stop ? (size_t)(stop - next) : (size_t)(end - next);
		read_line(next, length, values);
		next += length + (stop != NULL);
	}
}

/* Where the comment at `at` ends, if one begins there; else `at`. */
static size_t skip_comment(const char *text, size_t size, size_t at)
{
	if (at + 1 >= size || text[at] != '/' || (text[at + 1] != '/' && text[at + 1] != '*'))
		return at;
	bool is_line = text[at + 1] == '/';
	for (at += 2; at < size; at++) {
		if (is_line && text[at] == '\n')
			return at;
		if (!is_line && text[at] == '/' && text[at - 1] == '*')
			return at + 1;
	}
	return size;
}

/* JSON with the comments taken out. */
static void put_without_comments(struct buf *out, const char *text, size_t size)
{
	bool is_in_string = false;
	for (size_t i = 0; i < size;) {
		size_t end = is_in_string ? i : skip_comment(text, size, i);
		if (end > i) {
			buf_put_text(out, " ");
			i = end;
			continue;
		}
		if (is_in_string && text[i] == '\\' && i + 1 < size)
			buf_put(out, &text[i++], 1);
		else if (text[i] == '"')
			is_in_string = !is_in_string;
		buf_put(out, &text[i++], 1);
	}
}

static char *text_of(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "true" : "false");
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	return value ? xstrdup("?") : NULL;
}

/* False if it is no JSON. */
static bool read_json(struct bytes text, struct values *values, json_error_t *where)
{
	AUTO(buf_free) struct buf plain = { 0 };
	put_without_comments(&plain, text.data, text.size);
	json_t *root = json_loadb(buf_text(&plain), plain.size, JSON_REJECT_DUPLICATES, where);
	for (size_t i = 0; i < KEYS && root; i++)
		values->of[i] = text_of(json_object_get(root, names[i]));
	json_decref(root);
	return root != NULL;
}

bool qcnl_parse(struct bytes text, struct qcnl *out, struct error *err)
{
	AUTO(free_values) struct values values = { 0 };
	json_error_t where;
	*out = (struct qcnl){ 0 };
	if (!read_json(text, &values, &where)) {
		if (text.size && *(const char *)text.data == '{')
			return error_set(err, ERROR_INVALID, "it is no valid JSON: line %d: %s",
				where.line, where.text);
		read_lines(text, &values);
	}
	return fill(&values, out, err);
}
