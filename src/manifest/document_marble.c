/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/document_marble.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"
#include "manifest/manifest.h"

#include <strings.h>

/* Entries of Files and Env (clause 2.4). */

struct content_object {
	struct buf data;
	char *encoding;
	bool no_templates;
};

static const struct go_json_field content_fields[] = {
	GO_JSON_FIELD(content_object, "Data", go_json_string, data),
	GO_JSON_FIELD(content_object, "Encoding", go_json_text, encoding),
	GO_JSON_FIELD(content_object, "NoTemplates", go_json_bool, no_templates),
	GO_JSON_END,
};

static bool decode_data(struct go_json *in, struct content_object *object, struct buf *out)
{
	const char *encoding = object->encoding ? object->encoding : "";
	const char *text = buf_text(&object->data);
	size_t size = object->data.size;
	if (!*encoding || !strcasecmp(encoding, "string"))
		*out = buf_take(&object->data);
	else if (!strcasecmp(encoding, "base64"))
		return base64_decode(out, text, size) ||
		       go_json_fail(in, "illegal base64 data in Data");
	else if (!strcasecmp(encoding, "hex"))
		return hex_decode(out, text, size) ||
		       go_json_fail(in, "Data is not hexadecimal: two digits a byte");
	else
		return go_json_fail(in, "unknown encoding type: %s", encoding);
	return true;
}

static void free_content_object(struct content_object *object)
{
	buf_free(&object->data);
	free(object->encoding);
}

static bool decode_content(struct go_json *in, void *content, void *unused)
{
	(void)unused;
	struct manifest_content *c = content;
	AUTO(free_content_object) struct content_object object = { 0 };
	if (go_json_next(in) == '"')
		return go_json_string(in, &c->data, NULL);
	if (go_json_next(in) != '{')
		return go_json_fail(in, "expected: string or interface");
	if (!go_json_struct(in, content_fields, &object, "manifest.File") ||
		!decode_data(in, &object, &c->data))
		return false;
	c->no_templates = object.no_templates;
	return true;
}

static void free_content(void *content)
{
	struct manifest_content *c = content;
	if (c->template)
		template_free(c->template);
	buf_free(&c->data);
	free(c);
}

static const struct go_json_entries contents = {
	.type = "manifest.File",
	.size = sizeof(struct manifest_content),
	.decode = decode_content,
	.free = free_content,
};

/* Marble (clause 2.3). */

static const struct go_json_field parameters_fields[] = {
	GO_JSON_MAP(manifest_marble, "Files", contents, files),
	GO_JSON_MAP(manifest_marble, "Env", contents, env),
	GO_JSON_PAIR(manifest_marble, "Argv", go_json_text_list, argv, argc),
	GO_JSON_END,
};

static bool decode_parameters(struct go_json *in, void *marble, void *unused)
{
	(void)unused;
	return go_json_struct(in, parameters_fields, marble, "manifest.Parameters");
}

static const struct go_json_field marble_fields[] = {
	GO_JSON_FIELD(manifest_marble, "Package", go_json_text, package),
	GO_JSON_FIELD(manifest_marble, "MaxActivations", go_json_uint, max_activations),
	GO_JSON_WHOLE("Parameters", decode_parameters),
	GO_JSON_PAIR(manifest_marble, "TLS", go_json_text_list, tls_tags, tls_tag_count),
	GO_JSON_FIELD(
		manifest_marble, "DisableSecretBinding", go_json_bool, disable_secret_binding),
	GO_JSON_END,
};

static bool decode_marble(struct go_json *in, void *marble, void *unused)
{
	(void)unused;
	struct manifest_marble *m = marble;
	if (!go_json_struct(in, marble_fields, m, "manifest.Marble"))
		return false;
	if (!m->package)
		m->package = xstrdup("");
	strmap_sort(&m->files, free_content);
	strmap_sort(&m->env, free_content);
	return true;
}

void document_marble_free(void *marble)
{
	struct manifest_marble *m = marble;
	free(m->package);
	strmap_free(&m->files, free_content);
	strmap_free(&m->env, free_content);
	text_list_free(m->argv, m->argc);
	text_list_free(m->tls_tags, m->tls_tag_count);
	free(m);
}

const struct go_json_entries document_marbles = {
	.type = "manifest.Marble",
	.size = sizeof(struct manifest_marble),
	.decode = decode_marble,
	.free = document_marble_free,
};
