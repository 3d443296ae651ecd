/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"
#include "crypto/pem.h"

#include <stdio.h>
#include <string.h>

#define SECRETS_MAX (8U << 20) /* bytes of a file */

static void put_member(struct buf *json, const char *name, struct bytes value)
{
	if (!value.size)
		return;
	buf_printf(json, "%s\"%s\":\"", json->data[json->size - 1] == '{' ? "" : ",", name);
	base64_encode(json, value.data, value.size);
	buf_put_u8(json, '"');
}

/* The first certificate and the private key among the blocks. */
static bool read_blocks(
	struct bytes pem, struct buf *certificate, struct buf *key, struct error *err)
{
	struct pem_reader reader = pem_reader_of(pem.data, pem.size);
	AUTO(buf_free) struct buf block = { 0 };
	char label[PEM_LABEL_MAX];
	struct error broken = { 0 };
	while (pem_next(&reader, label, &block, &broken)) {
		bool is_certificate = !strcmp(label, "CERTIFICATE");
		struct buf *place = is_certificate ? certificate : key;
		if (!is_certificate && !strstr(label, "PRIVATE"))
			return error_set(
				err, ERROR_INVALID, "unrecognized PEM type for secret: %s", label);
		if (!place->size)
			buf_put(place, block.data, block.size);
	}
	if (broken.kind)
		return error_set(err, ERROR_INVALID, "%s", broken.message);
	return certificate->size || key->size ||
	       error_set(err, ERROR_INVALID, "found no certificate or private key in PEM data");
}

static bool json_of_pem(const char *name, struct bytes pem, struct buf *json, struct error *err)
{
	AUTO(buf_free) struct buf certificate = { 0 };
	AUTO(buf_free) struct buf key = { 0 };
	if (!read_blocks(pem, &certificate, &key, err))
		return false;
	buf_put_u8(json, '{');
	json_text_put(json, name, strlen(name));
	buf_put_text(json, ":{");
	put_member(json, "Cert", buf_bytes(&certificate));
	put_member(json, "Private", buf_bytes(&key));
	buf_put_text(json, "}}");
	return true;
}

static bool copy_json(struct bytes text, struct buf *json, struct error *err)
{
	AUTO(auto_json) json_t *value = json_read(text, err);
	if (value)
		buf_put(json, text.data, text.size);
	return value;
}

static bool read_secrets(const struct invocation *invocation, struct buf *json, struct error *err)
{
	const char *path = invocation->arguments[0];
	const char *name = invocation->options.from_pem;
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, SECRETS_MAX, &text, err))
		return false;
	return (name ? json_of_pem(name, buf_bytes(&text), json, err)
		     : copy_json(buf_bytes(&text), json, err)) ||
	       error_prefix(err, "%s", path);
}

static bool report(const struct options *options, const struct buf *secrets, struct error *err)
{
	if (!output_is_json(options)) {
		puts("Secret successfully set");
		return true;
	}
	AUTO(auto_json) json_t *set = json_read(buf_bytes(secrets), NULL);
	json_t *names = json_array();
	for (void *i = json_object_iter(set); i; i = json_object_iter_next(set, i))
		json_array_append_new(names, json_string(json_object_iter_key(i)));
	AUTO(auto_json) json_t *result = json_pack("{so}", "secrets", names);
	return output_json(result, err);
}

bool cmd_secret_set(const struct invocation *invocation, struct error *err)
{
	AUTO(buf_free) struct buf json = { 0 };
	if (!read_secrets(invocation, &json, err))
		return false;
	AUTO(auto_marblerun)
	struct marblerun *m = session_as_user(&invocation->options, invocation->arguments[1], err);
	if (!m)
		return false;
	if (!marblerun_set_secrets(m, json.data, json.size))
		return session_failed(m, err);
	return report(&invocation->options, &json, err);
}
