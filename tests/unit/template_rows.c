/* SPDX-License-Identifier: Apache-2.0 */
#include "template_rows.h"

struct secrets make_secrets(void)
{
	struct secrets s = { .key = { .type = SECRET_SYMMETRIC_KEY, .size = 24 },
		.certificate = { .type = SECRET_CERT_ECDSA,
			.size = 256,
			.shared = true,
			.valid_for = 7 },
		.plain = { .type = SECRET_PLAIN, .user_defined = true },
		.empty = { .type = SECRET_PLAIN } };
	buf_put_text(&s.key.private_key, "\x01\x02\xff");
	buf_put_text(&s.key.public_key, "\x01\x02\xff");
	buf_put_text(&s.certificate.cert, "certificate");
	buf_put_text(&s.certificate.private_key, "private");
	buf_put_text(&s.certificate.public_key, "public");
	buf_put_text(&s.plain.private_key, "a\"b\n\x80\xc3\xa9");
	buf_put_text(&s.plain.public_key, "a\"b\n\x80\xc3\xa9");
	buf_put_text(&s.root.cert, "root");
	return s;
}

static void free_values(struct secret *secret)
{
	buf_free(&secret->cert);
	buf_free(&secret->private_key);
	buf_free(&secret->public_key);
}

void free_secrets(struct secrets *s)
{
	free_values(&s->key);
	free_values(&s->certificate);
	free_values(&s->plain);
	free_values(&s->empty);
	free_values(&s->root);
}

bool find_secret(void *context, const char *name, bool previous, const struct secret **secret,
	struct error *err)
{
	struct secrets *s = context;
	if (!strcmp(name, "broken"))
		return error_set(err, ERROR_INTERNAL, "cannot derive it");
	if (!strcmp(name, "key") || !strcmp(name, "my-key"))
		*secret = &s->key;
	else if (previous && !strcmp(name, "cert"))
		*secret = &s->root;
	else if (!strcmp(name, "cert"))
		*secret = &s->certificate;
	else if (!strcmp(name, "text"))
		*secret = &s->plain;
	else if (!strcmp(name, "empty"))
		*secret = &s->empty;
	return true;
}

bool run_template(const char *text, enum template_use use, struct buf *out, struct error *err)
{
	AUTO(free_secrets) struct secrets secrets = make_secrets();
	/* unknown and broken ones are asked for by name alone */
	struct strmap_entry names[] = { { "cert", NULL, 0 }, { "empty", NULL, 1 },
		{ "key", NULL, 2 } };
	const struct strmap map = { names, 3, 3 };
	const struct template_data data = { .root_ca = &secrets.root,
		.marble_cert = &secrets.certificate,
		.seal_key = &secrets.key,
		.secrets = &map,
		.find_secret = find_secret,
		.context = &secrets };
	struct template *template = template_parse(bytes_of_text(text), use, err);
	if (!template)
		return false;
	bool executed = template_execute(template, &data, out, err);
	template_free(template);
	return executed;
}

void check_rows(const struct row *rows, size_t count, enum template_use use, enum error_kind kind)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_free) struct buf out = { 0 };
		struct error err = { 0 };
		bool succeeded = run_template(rows[i].text, use, &out, &err);
		const char *result = succeeded ? buf_text(&out) : err.message;
		if (err.kind != kind || strcmp(result, rows[i].expected) != 0)
			fail_msg("%s gives kind %d: %s", rows[i].text, (int)err.kind, result);
	}
}

void put_times(struct buf *out, size_t times, const char *text)
{
	for (size_t i = 0; i < times; i++)
		buf_put_text(out, text);
}
