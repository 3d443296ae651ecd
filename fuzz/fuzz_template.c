/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "manifest/template.h"

#include <string.h>

static bool find_secret(void *context, const char *name, bool previous,
	const struct secret **secret, struct error *err)
{
	(void)previous;
	if (!strcmp(name, "broken"))
		return error_set(err, ERROR_INTERNAL, "broken");
	if (!strcmp(name, "key") || !strcmp(name, "other"))
		*secret = context;
	return true;
}

static void run(struct bytes text, enum template_use use, struct secret *secret)
{
	struct strmap_entry names[] = { { "key", NULL, 0 }, { "other", NULL, 1 } };
	const struct strmap map = { names, 2, 2 };
	const struct template_data data = { .root_ca = secret,
		.seal_key = secret,
		.secrets = &map,
		.find_secret = find_secret,
		.context = secret };
	AUTO(buf_free) struct buf out = { 0 };
	struct error err;
	struct template *template = template_parse(text, use, &err);
	if (!template)
		return;
	(void)template_execute(template, &data, &out, &err);
	template_free(template);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret secret = { .type = SECRET_PLAIN, .size = 48 };
	buf_put_text(&secret.cert, "certificate");
	buf_put_text(&secret.private_key, "private");
	buf_put_text(&secret.public_key, "public");
	run((struct bytes){ data, size }, TEMPLATE_FOR_FILE, &secret);
	run((struct bytes){ data, size }, TEMPLATE_FOR_ENV, &secret);
	buf_free(&secret.cert);
	buf_free(&secret.private_key);
	buf_free(&secret.public_key);
	return 0;
}
