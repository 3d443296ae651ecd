/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/secret_upload.h"

#include "base/base64.h"
#include "base/memory.h"
#include "crypto/cert.h"
#include "manifest/go_json.h"

/* What the JSON gives for one secret. */
struct upload {
	struct buf key;
	struct buf certificate;
	struct buf private_key;
};

/* A certificate in base64. As in a manifest, text that is no base64 counts as none. */
static bool decode_certificate(struct go_json *in, void *certificate, void *unused)
{
	(void)unused;
	struct buf *der = certificate;
	AUTO(buf_free) struct buf text = { 0 };
	if (go_json_next(in) == '{')
		return go_json_fail(in, "only a whole certificate, DER in base64, can be uploaded");
	buf_clear(der);
	if (!go_json_string(in, &text, NULL))
		return false;
	if (!base64_decode(der, buf_text(&text), text.size))
		buf_clear(der);
	return true;
}

static const struct go_json_field upload_fields[] = {
	GO_JSON_FIELD(upload, "Key", go_json_bytes, key),
	GO_JSON_FIELD(upload, "Cert", decode_certificate, certificate),
	GO_JSON_FIELD(upload, "Private", go_json_bytes, private_key),
	GO_JSON_END,
};

static void free_upload(void *upload)
{
	struct upload *u = upload;
	buf_free(&u->key);
	buf_free(&u->certificate);
	buf_free(&u->private_key);
	free(u);
}

static const struct go_json_entries uploads = {
	.type = "manifest.UserSecret",
	.size = sizeof(struct upload),
	.fields = upload_fields,
	.free = free_upload,
};

static void free_uploads(struct strmap *map)
{
	strmap_free(map, free_upload);
}

static bool decode_uploads(struct go_json *in, void *map, void *unused)
{
	(void)unused;
	return go_json_map(in, map, &uploads);
}

static bool take_key(
	const char *name, struct upload *upload, struct secret *secret, struct error *err)
{
	bool is_sized = secret->type == SECRET_SYMMETRIC_KEY;
	if (is_sized && (!secret->size || secret->size % 8))
		return error_set(err, ERROR_INVALID, "invalid secret size: %s", name);
	if (is_sized && upload->key.size != secret->size / 8)
		return error_set(
			err, ERROR_INVALID, "declared size and actual size don't match: %s", name);
	if (upload->certificate.size || upload->private_key.size)
		return error_set(err, ERROR_INVALID,
			"secret %s is set to be of type symmetric-key but specified values for a "
			"certificate",
			name);
	secret->private_key = buf_take(&upload->key);
	buf_put(&secret->public_key, secret->private_key.data, secret->private_key.size);
	return true;
}

/* The private key is kept as it is: the certificate may be all that there is to share. */
static bool take_certificate(
	const char *name, struct upload *upload, struct secret *secret, struct error *err)
{
	if (upload->key.size)
		return error_set(err, ERROR_INVALID,
			"secret %s is set to be of type %s but specified values for a "
			"symmetric-key",
			name, secret_type_name(secret->type));
	AUTO(auto_x509) X509 *certificate = cert_read(buf_bytes(&upload->certificate), err);
	if (!certificate ||
		!key_put_public(X509_get0_pubkey(certificate), &secret->public_key, err))
		return error_prefix(err, "secret %s", name);
	secret->cert = buf_take(&upload->certificate);
	secret->private_key = buf_take(&upload->private_key);
	return true;
}

static bool take_value(const char *name, struct upload *upload, const struct strmap *definitions,
	struct strmap *values, struct error *err)
{
	const struct secret *definition = strmap_get(definitions, name);
	if (!definition)
		return error_set(err, ERROR_INVALID,
			"secret manifest specifies a secret which the original manifest does not "
			"contain");
	if (!definition->user_defined)
		return error_set(err, ERROR_INVALID, "secret %s is not writeable", name);
	AUTO(auto_secret) struct secret *secret = secret_of_definition(definition);
	if (!(secret_type_is_certificate(secret->type) ? take_certificate(name, upload, secret, err)
						       : take_key(name, upload, secret, err)))
		return false;
	strmap_add(values, name, TAKE(secret));
	return true;
}

bool secret_upload_parse(struct bytes json, const struct strmap *definitions, struct strmap *values,
	struct error *err)
{
	AUTO(free_uploads) struct strmap map = { 0 };
	bool decoded = go_json_decode(json, "secrets", decode_uploads, &map, err);
	strmap_sort(&map, free_upload);
	if (!decoded)
		return false;
	if (!map.count)
		return error_set(err, ERROR_INVALID, "no new secrets defined");
	for (size_t i = 0; i < map.count; i++) {
		const struct strmap_entry *entry = &map.entries[i];
		if (!take_value(entry->name, entry->value, definitions, values, err))
			return false;
	}
	strmap_sort(values, NULL); /* the names differ */
	return true;
}
