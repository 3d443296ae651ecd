/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

/* What each kind of secret has, and how it is called (spec cli.md clause 6). */
enum field { TYPE, USER_DEFINED, SIZE, VALID_FOR, CERTIFICATE, PUBLIC, PRIVATE };

static const struct row {
	const char *label;
	enum field field;
	const char *of; /* how its type begins */
} rows[] = {
	{ "Type:", TYPE, "" },
	{ "UserDefined:", USER_DEFINED, "" },
	{ "Size:", SIZE, "symmetric-key" },
	{ "Size:", SIZE, "cert-" },
	{ "Valid For:", VALID_FOR, "cert-" },
	{ "Certificate:", CERTIFICATE, "cert-" },
	{ "Public Key:", PUBLIC, "cert-" },
	{ "Private Key:", PRIVATE, "cert-" },
	{ "Key:", PRIVATE, "symmetric-key" },
	{ "Data:", PRIVATE, "plain" },
};

static void put_base64(struct buf *out, const struct marblerun_bytes *bytes)
{
	base64_encode(out, bytes->data, bytes->size);
}

static void put_field(struct buf *out, enum field field, const struct marblerun_secret *secret)
{
	switch (field) {
	case TYPE:
		buf_put_text(out, secret->type);
		break;
	case USER_DEFINED:
		buf_put_text(out, secret->is_user_defined ? "true" : "false");
		break;
	case SIZE:
		buf_printf(out, "%llu", (unsigned long long)secret->size);
		break;
	case VALID_FOR:
		buf_printf(out, "%llu", (unsigned long long)secret->valid_for);
		break;
	case CERTIFICATE:
		put_base64(out, &secret->certificate);
		break;
	case PUBLIC:
		put_base64(out, &secret->public_key);
		break;
	case PRIVATE:
		put_base64(out, &secret->private_key);
		break;
	}
}

static void put_secret(struct buf *out, const struct marblerun_secret *secret)
{
	buf_put_visible(out, secret->name);
	buf_put_text(out, ":\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strncmp(secret->type, rows[i].of, strlen(rows[i].of)) != 0)
			continue;
		buf_printf(out, "\t%-14s", rows[i].label);
		put_field(out, rows[i].field, secret);
		buf_put_u8(out, '\n');
	}
}

/* As the Coordinator gives it. */
static void put_json_bytes(
	struct buf *out, const char *name, const struct marblerun_bytes *bytes, const char *end)
{
	buf_printf(out, "        \"%s\": %s", name, bytes->data ? "\"" : "null");
	put_base64(out, bytes);
	buf_printf(out, "%s%s\n", bytes->data ? "\"" : "", end);
}

/* The members in order of their names. Written by hand to leave no copy that cannot be wiped. */
static void put_json(struct buf *out, const struct marblerun_secret *secret)
{
	buf_put_text(out, "    ");
	json_text_put(out, secret->name, strlen(secret->name));
	buf_put_text(out, ": {\n");
	put_json_bytes(out, "Cert", &secret->certificate, ",");
	put_json_bytes(out, "Private", &secret->private_key, ",");
	put_json_bytes(out, "Public", &secret->public_key, ",");
	buf_printf(out, "        \"Shared\": %s,\n", secret->is_shared ? "true" : "false");
	buf_printf(out, "        \"Size\": %llu,\n", (unsigned long long)secret->size);
	buf_put_text(out, "        \"Type\": ");
	json_text_put(out, secret->type, strlen(secret->type));
	buf_printf(out, ",\n        \"UserDefined\": %s,\n",
		secret->is_user_defined ? "true" : "false");
	buf_printf(out, "        \"ValidFor\": %llu\n    }", (unsigned long long)secret->valid_for);
}

static void put_all(struct buf *out, const struct marblerun_secrets *secrets, bool is_json)
{
	buf_put_text(out, is_json ? "{\n" : "");
	for (size_t i = 0; i < secrets->count; i++) {
		if (is_json) {
			put_json(out, &secrets->items[i]);
			buf_put_text(out, i + 1 < secrets->count ? ",\n" : "\n");
		} else {
			put_secret(out, &secrets->items[i]);
		}
	}
	buf_put_text(out, is_json ? "}" : "");
}

bool cmd_secret_get(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	const char *path = output_file(options);
	size_t count = invocation->count - 1;
	AUTO(marblerun_secrets_free) struct marblerun_secrets secrets = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m = session_as_user(options, invocation->arguments[count], err);
	if (!m)
		return false;
	if (!marblerun_get_secrets(m, invocation->arguments, count, &secrets))
		return session_failed(m, err);
	put_all(&text, &secrets, path || output_is_json(options));
	if (!path) {
		printf("%s%s", buf_text(&text), output_is_json(options) ? "\n" : "");
		return true;
	}
	if (!output_write(path, buf_bytes(&text), 0600, err))
		return error_prefix(err, "saving secrets");
	printf("Saved secrets to: %s\n", path);
	return true;
}
