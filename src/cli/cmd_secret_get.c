/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

/* What each kind of secret has, and how it is called (spec cli.md clause 6). */
static const struct row {
	const char *label;
	const char *member;
	const char *of; /* how its type begins; NULL: all types */
} rows[] = {
	{ "Type:", "Type", NULL },
	{ "UserDefined:", "UserDefined", NULL },
	{ "Size:", "Size", "symmetric-key" },
	{ "Size:", "Size", "cert-" },
	{ "Valid For:", "ValidFor", "cert-" },
	{ "Certificate:", "Cert", "cert-" },
	{ "Public Key:", "Public", "cert-" },
	{ "Private Key:", "Private", "cert-" },
	{ "Key:", "Private", "symmetric-key" },
	{ "Data:", "Private", "plain" },
};

static void put_row(struct buf *out, const char *label, const json_t *value)
{
	buf_printf(out, "\t%-14s", label);
	if (json_is_string(value))
		buf_put_visible(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		buf_put_text(out, json_is_true(value) ? "true" : "false");
	buf_put_u8(out, '\n');
}

static void put_secret(struct buf *out, const char *name, const json_t *secret)
{
	const char *type = json_string_value(json_member(secret, "Type"));
	buf_put_visible(out, name);
	buf_put_text(out, ":\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *of = rows[i].of;
		if (!of || (type && !strncmp(type, of, strlen(of))))
			put_row(out, rows[i].label, json_member(secret, rows[i].member));
	}
}

static void free_text(char **text)
{
	if (*text)
		memory_wipe(*text, strlen(*text));
	free(*text);
}

static bool save(const json_t *secrets, const char *path, struct error *err)
{
	AUTO(free_text) char *text = json_dumps(secrets, JSON_INDENT(4) | JSON_SORT_KEYS);
	if (!text || !output_write(path, bytes_of_text(text), 0600, err))
		return error_prefix(err, "saving secrets");
	printf("Saved secrets to: %s\n", path);
	return true;
}

bool cmd_secret_get(const struct invocation *invocation, struct error *err)
{
	const char *output = invocation->options.output;
	size_t count = invocation->count - 1;
	AUTO(session_free) struct session session = { 0 };
	if (!session_as_user(&invocation->options, invocation->arguments[count], &session, err))
		return false;
	AUTO(auto_json)
	json_t *secrets = client_api_get_secrets(session.https, invocation->arguments, count, err);
	if (!secrets)
		return false;
	if (output && *output)
		return save(secrets, output, err);
	AUTO(buf_free) struct buf text = { 0 };
	const char *name;
	json_t *secret;
	json_object_foreach(secrets, name, secret)
	{
		put_secret(&text, name, secret);
	}
	fputs(buf_text(&text), stdout);
	return true;
}
