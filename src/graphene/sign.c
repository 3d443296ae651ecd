/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sign.h"

#include "base/file.h"
#include "base/memory.h"
#include "graphene/enclave.h"
#include "graphene/manifest_value.h"
#include "graphene/paths.h"
#include "graphene/sign_key.h"
#include "graphene/sign_report.h"
#include "graphene/signed_manifest.h"
#include "graphene/toml.h"

#include <ctype.h>
#include <string.h>

#define LIBPAL_MAX (64U << 20)

/* A name in a Makefile, where blanks separate and $ and # mean something. */
static void put_make_name(struct buf *out, const char *name)
{
	for (; *name; name++) {
		if (*name == ' ' || *name == '#' || *name == '\\')
			buf_put_u8(out, '\\');
		else if (*name == '$')
			buf_put_u8(out, '$');
		buf_put_u8(out, (uint8_t)*name);
	}
}

static bool write_depfile(const struct sign_request *request, const char *libpal,
	const json_t *hashed, struct error *err)
{
	AUTO(buf_free) struct buf out = { 0 };
	const char *const sources[] = { request->manifest, request->key, libpal };
	put_make_name(&out, request->output);
	buf_put_text(&out, " ");
	put_make_name(&out, request->sigfile);
	buf_put_text(&out, ":");
	for (size_t i = 0; i < 3; i++) {
		buf_put_text(&out, " \\\n\t");
		put_make_name(&out, sources[i]);
	}
	for (size_t i = 0; i < json_array_size(hashed); i++) {
		buf_put_text(&out, " \\\n\t");
		put_make_name(&out, json_string_value(json_array_get(hashed, i)));
	}
	buf_put_text(&out, "\n");
	return file_replace(request->depfile, out.data, out.size, 0644, err);
}

/* The runtime takes suffixes of either case, signers the upper one alone. */
static bool check_size_suffix(const json_t *tree, struct error *err)
{
	const char *size = manifest_string(tree, "sgx.enclave_size", "");
	size_t length = strlen(size);
	if (length && islower((unsigned char)size[length - 1]))
		return error_set(err, ERROR_INVALID,
			"'sgx.enclave_size' is \"%s\"; write its suffix in upper case to sign it",
			size);
	return true;
}

/* Completes the tree and reads it. The caller frees the manifest; NULL on error. */
static struct graphene_manifest *complete(
	const struct sign_request *request, json_t *tree, json_t *hashed, struct error *err)
{
	if (!signed_manifest_add_defaults(tree, err))
		return NULL;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = graphene_manifest_of_tree(tree, false, err);
	if (!manifest || !check_size_suffix(tree, err) ||
		!signed_manifest_add_hashes(tree, manifest, request->chroot, hashed, err))
		return NULL;
	return TAKE(manifest);
}

static json_t *read_tree(const char *path, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, TOML_TEXT_MAX, &text, err))
		return NULL;
	json_t *tree = toml_parse(buf_bytes(&text), err);
	if (!tree)
		error_prefix(err, "%s", path);
	return tree;
}

/* Appends SIGSTRUCT to sig and the report to report. */
static bool sign_text(const struct sign_request *request, const json_t *tree,
	const struct graphene_manifest *manifest, struct bytes text, struct bytes libpal,
	struct buf *sig, struct buf *report, struct error *err)
{
	struct sigstruct fields = { .date = request->date,
		.date_is_binary = manifest->generation == GRAPHENE_GENERATION_GRAPHENE };
	struct enclave_layout layout = graphene_enclave_layout(manifest, text, libpal);
	graphene_enclave_attributes(manifest, &fields);
	AUTO(buf_free) struct buf memory = { 0 };
	struct sign_report_memory areas = { .base = layout.base_is_zero ? 0 : layout.enclave_size,
		.out = &memory };
	if (!enclave_measure(&layout, fields.mr_enclave, sign_report_put_area, &areas, err))
		return error_prefix(err, "%s", request->manifest);
	AUTO(auto_pkey) EVP_PKEY *key = sign_key_read(request->key, request->passphrase, err);
	if (!key)
		return false;
	if (!sigstruct_sign(&fields, key, sig, err))
		return error_prefix(err, "%s", request->key);
	sign_report_put(report, tree, manifest, &fields, &memory);
	return true;
}

/* Everything but the files that are written. */
static bool sign_tree(const struct sign_request *request, json_t *tree,
	const struct graphene_manifest *manifest, const char *libpal_path, struct buf *report,
	struct error *err)
{
	AUTO(buf_free) struct buf libpal = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf sig = { 0 };
	if (!file_read(libpal_path, LIBPAL_MAX, &libpal, err))
		return false;
	signed_manifest_put(tree, &text);
	if (!sign_text(request, tree, manifest, buf_bytes(&text), buf_bytes(&libpal), &sig, report,
		    err))
		return false;
	return file_replace(request->output, text.data, text.size, 0644, err) &&
	       file_replace(request->sigfile, sig.data, sig.size, 0644, err);
}

bool sign_enclave(const struct sign_request *request, struct buf *report, struct error *err)
{
	AUTO(auto_free)
	char *libpal = request->libpal ? xstrdup(request->libpal)
				       : graphene_libdir_path(GRAPHENE_LIBPAL, err);
	AUTO(auto_json) json_t *hashed = json_array();
	AUTO(auto_json) json_t *tree = libpal ? read_tree(request->manifest, err) : NULL;
	if (!tree)
		return false;
	AUTO(auto_graphene_manifest)
	struct graphene_manifest *manifest = complete(request, tree, hashed, err);
	if (!manifest)
		return error_prefix(err, "%s", request->manifest);
	if (!request->depend_only && !sign_tree(request, tree, manifest, libpal, report, err))
		return false;
	return !request->depfile || write_depfile(request, libpal, hashed, err);
}
