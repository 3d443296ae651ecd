/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/buf.h"
#include "base/log.h"
#include "manifest/manifest.h"

static bool find_secret(void *context, const char *name, bool previous,
	const struct secret **secret, struct error *err)
{
	(void)previous;
	(void)name;
	(void)err;
	*secret = context;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_configure(LOG_OFF, LOG_CONSOLE);
	struct manifest *manifest = manifest_parse((struct bytes){ data, size }, FUZZ_ERR);
	if (!manifest)
		return 0;
	struct secret secret = { .type = SECRET_PLAIN };
	buf_put_text(&secret.public_key, "secret");
	const struct template_data view = { .root_ca = &secret,
		.marble_cert = &secret,
		.find_secret = find_secret,
		.context = &secret };
	(void)manifest_dry_run(manifest, &view, FUZZ_ERR);
	buf_free(&secret.public_key);
	manifest_free(manifest);
	return 0;
}
