/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/manifest.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "manifest/cert_template.h"
#include "manifest/document.h"
#include "manifest/document_marble.h"

#include <string.h>
#include <strings.h>

DEFINE_AUTO_FREE(auto_manifest, struct manifest *, manifest_free)

static void free_secret(void *secret)
{
	secret_free(secret);
}

void manifest_free(struct manifest *manifest)
{
	if (!manifest || atomic_fetch_sub(&manifest->references, 1) != 1)
		return;
	strmap_free(&manifest->packages, document_package_free);
	strmap_free(&manifest->marbles, document_marble_free);
	strmap_free(&manifest->secrets, free_secret);
	users_free(&manifest->roles, &manifest->users);
	strmap_free(&manifest->tls, document_tls_tag_free);
	strmap_free(&manifest->recovery_keys, free);
	free(manifest);
}

struct manifest *manifest_reference(struct manifest *manifest)
{
	atomic_fetch_add(&manifest->references, 1);
	return manifest;
}

void manifest_raise(struct manifest *manifest, const char *package, uint64_t security_version)
{
	struct package_properties *properties = strmap_get(&manifest->packages, package);
	properties->has_security_version = true;
	properties->security_version = security_version;
}

/* What is left of a checked document for those who use a manifest. */

/* A definition has no value but the one that it may give a user-defined secret at first. */
static void take_first_value(struct secret *secret, struct secret *from)
{
	if (!secret->user_defined)
		return;
	secret->private_key = buf_take(&from->private_key);
	secret->public_key = buf_take(&from->public_key);
	if (from->template)
		buf_put(&secret->cert, from->template->certificate.data,
			from->template->certificate.size);
}

static struct secret *take_secret(struct document_secret *from)
{
	struct secret *secret = xcalloc(1, sizeof(*secret));
	secret_type_parse(from->type, &secret->type);
	secret->size = from->definition.size;
	secret->shared = from->definition.shared;
	secret->user_defined = from->definition.user_defined;
	secret->valid_for = from->definition.valid_for;
	take_first_value(secret, &from->definition);
	if (!secret_type_is_certificate(secret->type))
		return secret;
	secret->template = TAKE(from->definition.template);
	if (!secret->template)
		secret->template = cert_template_parse((struct bytes){ 0 }, NULL);
	return secret;
}

static bool has_gate(const struct document_config *config, const char *gate)
{
	for (size_t i = 0; i < config->feature_gate_count; i++) {
		if (!strcasecmp(config->feature_gates[i], gate))
			return true;
	}
	return false;
}

static enum seal_mode seal_mode_of(const struct document_config *config)
{
	const char *mode = document_text(config->seal_mode);
	if (!strcmp(mode, "UniqueKey"))
		return SEAL_UNIQUE_KEY;
	return !strcmp(mode, "Disabled") ? SEAL_DISABLED : SEAL_PRODUCT_KEY;
}

static void copy_recovery_keys(const struct document *document, struct strmap *keys)
{
	for (size_t i = 0; i < document->recovery_keys.count; i++) {
		const struct strmap_entry *entry = &document->recovery_keys.entries[i];
		strmap_add(keys, entry->name, xstrdup(document_text(*(char **)entry->value)));
	}
	strmap_sort(keys, free);
}

static struct manifest *take_manifest(struct document *document)
{
	struct manifest *manifest = xcalloc(1, sizeof(*manifest));
	atomic_init(&manifest->references, 1);
	manifest->config = (struct manifest_config){
		.signs_quotes = has_gate(&document->config, "SignQuoteEndpoint"),
		.counts = has_gate(&document->config, "MonotonicCounter"),
		.update_threshold = document->config.update_threshold,
		.rotate_root_secret = document->config.rotate_root_secret,
		.recovery_threshold = document->config.recovery_threshold,
		.seal_mode = seal_mode_of(&document->config),
	};
	copy_recovery_keys(document, &manifest->recovery_keys);
	manifest->packages = document->packages;
	manifest->marbles = document->marbles;
	document->packages = (struct strmap){ 0 };
	manifest->tls = document->tls;
	document->marbles = (struct strmap){ 0 };
	document->tls = (struct strmap){ 0 };
	for (size_t i = 0; i < document->secrets.count; i++) {
		struct strmap_entry *entry = &document->secrets.entries[i];
		strmap_add(&manifest->secrets, entry->name, take_secret(entry->value));
	}
	strmap_sort(&manifest->secrets, free_secret);
	return manifest;
}

static bool parse_templates(
	const struct strmap *contents, enum template_use use, const char *what, struct error *err)
{
	for (size_t i = 0; i < contents->count; i++) {
		struct manifest_content *content = contents->entries[i].value;
		if (content->no_templates)
			continue;
		content->template = template_parse(buf_bytes(&content->data), use, err);
		if (!content->template)
			return error_prefix(err, "%s %s", what, contents->entries[i].name);
	}
	return true;
}

static bool parse_marble_templates(const struct strmap_entry *entry, struct error *err)
{
	const struct manifest_marble *marble = entry->value;
	return (parse_templates(&marble->files, TEMPLATE_FOR_FILE, "file", err) &&
		       parse_templates(&marble->env, TEMPLATE_FOR_ENV, "env variable", err)) ||
	       error_prefix(err, "running manifest template dry run: in Marble %s", entry->name);
}

static bool parse_all_templates(const struct manifest *manifest, struct error *err)
{
	for (size_t i = 0; i < manifest->marbles.count; i++) {
		if (!parse_marble_templates(&manifest->marbles.entries[i], err))
			return false;
	}
	return true;
}

struct manifest *manifest_parse(struct bytes text, struct error *err)
{
	AUTO(document_free) struct document document = { 0 };
	if (!document_decode(text, &document, err)) {
		error_prefix(err, "unmarshaling manifest");
		return NULL;
	}
	if (!document_check(&document, err)) {
		error_prefix(err, "checking manifest");
		return NULL;
	}
	if (!document_check_support(&document, err)) {
		error_prefix(err, "checking manifest");
		return NULL;
	}
	struct strmap roles = { 0 };
	struct strmap users = { 0 };
	bool has_users = users_read(&document, &roles, &users, err);
	AUTO(auto_manifest) struct manifest *manifest = take_manifest(&document);
	manifest->roles = roles;
	manifest->users = users;
	return has_users && parse_all_templates(manifest, err) ? TAKE(manifest) : NULL;
}

/* Runs one entry; the text that comes out of it may be a secret. */
static bool try_content(
	const struct manifest_content *content, const struct template_data *data, struct error *err)
{
	AUTO(buf_free) struct buf out = { 0 };
	if (content->template)
		return template_execute(content->template, data, &out, err);
	return content->data.size <= TEMPLATE_OUTPUT_MAX ||
	       error_set(err, ERROR_INVALID,
		       "%zu bytes do not fit an answer to a Marble: at most %d do",
		       content->data.size, TEMPLATE_OUTPUT_MAX);
}

static bool try_files(
	const struct strmap *files, const struct template_data *data, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		if (!try_content(files->entries[i].value, data, err))
			return error_prefix(err, "file %s", files->entries[i].name);
	}
	return true;
}

static bool try_env(const struct strmap *env, const struct template_data *data, struct error *err)
{
	for (size_t i = 0; i < env->count; i++) {
		const struct manifest_content *content = env->entries[i].value;
		if (content->data.size && memchr(content->data.data, 0, content->data.size))
			return error_set(err, ERROR_INVALID,
				"env variable: %s: content contains null bytes",
				env->entries[i].name);
		if (!try_content(content, data, err))
			return error_prefix(err, "env variable %s", env->entries[i].name);
	}
	return true;
}

bool manifest_dry_run(
	const struct manifest *manifest, const struct template_data *data, struct error *err)
{
	for (size_t i = 0; i < manifest->marbles.count; i++) {
		const struct manifest_marble *marble = manifest->marbles.entries[i].value;
		if (!try_files(&marble->files, data, err) || !try_env(&marble->env, data, err))
			return error_prefix(err, "in Marble %s", manifest->marbles.entries[i].name);
	}
	return true;
}
