/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/libos_manifest.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "cli/toml_text.h"
#include "graphene/manifest_value.h"
#include "graphene/toml.h"

#include <string.h>
#include <strings.h>

#define ENCLAVE_SIZE_MIN (1ULL << 30)
#define THREADS_MIN      16
#define UUID_URI         "\"file:uuid\""
#define ALREADY_DONE     "manifest already contains MarbleRun changes"

static const struct {
	const char *product;
	const char *premain;
	const char *entrypoint; /* NULL: stays */
	const char *scheme;     /* what the old entry point loses on its way to argv[0] */
} forms[] = {
	[LIBOS_GRAPHENE] = { "Graphene", "premain-libos", "premain-libos", "" },
	[LIBOS_GRAPHENE_SPAWN] = { "Graphene", "premain-graphene", "file:premain-graphene",
		"file:" },
	[LIBOS_GRAPHENE_PRELOAD] = { "Graphene", "premain-graphene.so", NULL, "" },
	[LIBOS_GRAMINE] = { "Gramine", "premain-libos", "premain-libos", "" },
};

static const char *const host_variables[] = { "EDG_MARBLE_COORDINATOR_ADDR", "EDG_MARBLE_DNS_NAMES",
	"EDG_MARBLE_TYPE", "EDG_MARBLE_UUID_FILE" };
#define HOST_VARIABLES (sizeof(host_variables) / sizeof(host_variables[0]))

const char *libos_product(enum libos_form form)
{
	return forms[form].product;
}

const char *libos_premain(enum libos_form form)
{
	return forms[form].premain;
}

/* A manifest that is being looked at. */
struct prepare {
	enum libos_form form;
	struct bytes text;
	const json_t *tree;
	struct libos_changes *changes;
	struct error *err;
};

static bool wrong_type(struct prepare *prepare, const char *key, const char *expected)
{
	return error_set(prepare->err, ERROR_INVALID, "%s has to be %s", key, expected);
}

/* Notes a change; `value` is TOML. */
static bool change(struct prepare *prepare, const char *key, const char *value)
{
	struct libos_changes *changes = prepare->changes;
	struct bytes old = { 0 };
	bool is_present = manifest_value(prepare->tree, key);
	if (is_present && !toml_text_find(prepare->text, key, &old, prepare->err))
		return false;
	changes->items = xreallocarray(changes->items, changes->count + 1, sizeof(*changes->items));
	changes->items[changes->count++] = (struct libos_change){
		.key = xstrdup(key), .value = xstrdup(value), .is_present = is_present, .old = old
	};
	return true;
}

/* JSON's strings are strings of TOML, too. */
static bool change_string(struct prepare *prepare, const char *key, const char *text)
{
	AUTO(buf_free) struct buf quoted = { 0 };
	json_text_put(&quoted, text, strlen(text));
	return change(prepare, key, buf_text(&quoted));
}

static bool contains(struct bytes text, const char *word)
{
	return text.size && memmem(text.data, text.size, word, strlen(word));
}

static bool is_done(const struct prepare *prepare)
{
	if (prepare->form == LIBOS_GRAMINE) {
		bool done = contains(prepare->text, libos_premain(LIBOS_GRAMINE));
		for (size_t i = 0; i < HOST_VARIABLES; i++)
			done = done || contains(prepare->text, host_variables[i]);
		return done;
	}
	const json_t *tree = prepare->tree;
	const char *entrypoint = forms[prepare->form].entrypoint;
	if (!entrypoint)
		entrypoint = forms[LIBOS_GRAPHENE_SPAWN].entrypoint;
	bool is_early = prepare->form != LIBOS_GRAPHENE;
	return !strcmp(manifest_string(tree, "libos.entrypoint", ""), entrypoint) ||
	       manifest_value(tree, "sgx.trusted_files.marblerun_premain") ||
	       manifest_value(tree, "sgx.allowed_files.marblerun_uuid") ||
	       (is_early && strstr(manifest_string(tree, "loader.env.LD_PRELOAD", ""),
				    forms[LIBOS_GRAPHENE_PRELOAD].premain));
}

static bool change_entrypoint(struct prepare *prepare)
{
	static const char override[] = "loader.argv0_override";
	const char *entrypoint = forms[prepare->form].entrypoint;
	const char *scheme = forms[prepare->form].scheme;
	const char *old = manifest_string(prepare->tree, "libos.entrypoint", NULL);
	if (!manifest_value(prepare->tree, "libos.entrypoint"))
		return error_set(prepare->err, ERROR_INVALID, "cannot find libos.entrypoint");
	if (!old)
		return wrong_type(prepare, "libos.entrypoint", "a string");
	if (!entrypoint)
		return true;
	if (!change_string(prepare, "libos.entrypoint", entrypoint))
		return false;
	if (manifest_value(prepare->tree, override))
		return true;
	if (strncmp(old, scheme, strlen(scheme)) != 0)
		return error_set(prepare->err, ERROR_INVALID,
			"cannot determine entrypoint for argv0 override correctly: \"%s\" is no \"%s\" URI; set %s yourself",
			old, scheme, override);
	return change_string(prepare, override, old + strlen(scheme));
}

static bool change_preload(struct prepare *prepare)
{
	static const char key[] = "loader.env.LD_PRELOAD";
	static const char library[] = "./premain-graphene.so";
	const json_t *old = manifest_value(prepare->tree, key);
	if (prepare->form != LIBOS_GRAPHENE_PRELOAD)
		return true;
	if (old && !json_is_string(old))
		return wrong_type(prepare, key, "a string");
	AUTO(auto_free)
	char *both =
		xasprintf("%s%s%s", old ? json_string_value(old) : "", old ? ":" : "", library);
	return change_string(prepare, key, both);
}

/* A switch that is to be on, in the spelling of the form. */
static bool switch_on(struct prepare *prepare, const char *key)
{
	const json_t *old = manifest_value(prepare->tree, key);
	bool is_gramine = prepare->form == LIBOS_GRAMINE;
	bool is_on = false;
	if (old && is_gramine && !json_is_boolean(old))
		return wrong_type(prepare, key, "true or false");
	if (old && !manifest_read_bool(old, &is_on))
		return wrong_type(prepare, key, "0 or 1");
	return is_on || change(prepare, key, is_gramine ? "true" : "1");
}

/* Later releases of Gramine name the kind of attestation instead. */
static bool change_attestation(struct prepare *prepare)
{
	static const char key[] = "sgx.remote_attestation";
	const char *kind = manifest_string(prepare->tree, key, NULL);
	if (!kind || prepare->form != LIBOS_GRAMINE)
		return switch_on(prepare, key);
	return strcmp(kind, "none") != 0 || change_string(prepare, key, "dcap");
}

static bool change_host_environment(struct prepare *prepare)
{
	static const char key[] = "loader.insecure__use_host_env";
	const json_t *old = manifest_value(prepare->tree, key);
	if (prepare->form != LIBOS_GRAMINE)
		return switch_on(prepare, key);
	if (old && !json_is_boolean(old))
		return wrong_type(prepare, key, "true or false");
	for (size_t i = 0; i < HOST_VARIABLES && !json_is_true(old); i++) {
		AUTO(auto_free) char *variable = xasprintf("loader.env.%s", host_variables[i]);
		if (!change(prepare, variable, "{ passthrough = true }"))
			return false;
	}
	return true;
}

static bool change_enclave_size(struct prepare *prepare)
{
	static const char key[] = "sgx.enclave_size";
	const json_t *old = manifest_value(prepare->tree, key);
	const char *text = json_string_value(old);
	uint64_t size = 0;
	if (old && (!text || !manifest_read_size(text, &size)))
		return wrong_type(prepare, key, "a size, such as \"1024M\"");
	return size >= ENCLAVE_SIZE_MIN || change(prepare, key, "\"1024M\"");
}

/* Later releases of Gramine have another name for it, and refuse both. */
static bool change_threads(struct prepare *prepare)
{
	const char *key = manifest_value(prepare->tree, "sgx.max_threads") ? "sgx.max_threads"
									   : "sgx.thread_num";
	const json_t *old = manifest_value(prepare->tree, key);
	if (old && !json_is_integer(old))
		return wrong_type(prepare, key, "a number");
	return json_integer_value(old) >= THREADS_MIN || change(prepare, key, "16");
}

/* Puts a file on a list, in the form that the list has: keys below it, or an array. */
static bool list_file(struct prepare *prepare, const char *list, const char *name, const char *uri)
{
	const json_t *old = manifest_value(prepare->tree, list);
	if (json_is_object(old) || (!old && prepare->form != LIBOS_GRAMINE)) {
		AUTO(auto_free) char *key = xasprintf("%s.%s", list, name);
		return change(prepare, key, uri);
	}
	if (prepare->form != LIBOS_GRAMINE)
		return error_set(prepare->err, ERROR_INVALID,
			"%s is written in Gramine's syntax: use gramine-prepare", list);
	if (old && !json_is_array(old))
		return wrong_type(prepare, list, "an array");
	struct bytes array;
	AUTO(buf_free) struct buf longer = { 0 };
	if (old && !toml_text_find(prepare->text, list, &array, prepare->err))
		return false;
	toml_text_add_element(old ? &array : NULL, uri, &longer);
	return change(prepare, list, buf_text(&longer));
}

static bool change_file_lists(struct prepare *prepare)
{
	AUTO(auto_free) char *uri = xasprintf("\"file:%s\"", libos_premain(prepare->form));
	return list_file(prepare, "sgx.trusted_files",
		       prepare->form == LIBOS_GRAMINE ? "marblerun_premain-libos"
						      : "marblerun_premain",
		       uri) &&
	       list_file(prepare, "sgx.allowed_files", "marblerun_uuid", UUID_URI);
}

static int compare_changes(const void *a, const void *b)
{
	return strcmp(((const struct libos_change *)a)->key, ((const struct libos_change *)b)->key);
}

bool libos_changes_find(
	enum libos_form form, struct bytes text, struct libos_changes *changes, struct error *err)
{
	AUTO(auto_json) json_t *tree = toml_parse(text, err);
	struct prepare prepare = { form, text, tree, changes, err };
	if (!tree)
		return false;
	if (is_done(&prepare))
		return error_set(err, ERROR_STATE, ALREADY_DONE);
	if (!change_entrypoint(&prepare) || !change_preload(&prepare) ||
		!change_host_environment(&prepare) || !change_attestation(&prepare) ||
		!change_enclave_size(&prepare) || !change_threads(&prepare) ||
		!change_file_lists(&prepare))
		return false;
	qsort(changes->items, changes->count, sizeof(*changes->items), compare_changes);
	return true;
}

void libos_changes_free(struct libos_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].key);
		free(changes->items[i].value);
	}
	free(changes->items);
	*changes = (struct libos_changes){ 0 };
}

/* Sets a dotted key. False where a part of it is no table. */
static bool set_value(json_t *tree, const char *key, const char *toml)
{
	AUTO(auto_free) char *entry = xasprintf("value = %s", toml);
	AUTO(auto_json) json_t *parsed = toml_parse(bytes_of_text(entry), NULL);
	for (const char *dot; (dot = strchr(key, '.')); key = dot + 1) {
		size_t length = (size_t)(dot - key);
		json_t *table = json_object_getn(tree, key, length);
		if (!table && json_is_object(tree)) {
			table = json_object();
			json_object_setn_new(tree, key, length, table);
		}
		tree = table;
	}
	return !json_object_set(tree, key, json_object_get(parsed, "value"));
}

/* The text must have become what the document with the same changes is. */
static bool check_result(struct bytes text, const struct libos_changes *changes,
	const struct buf *result, struct error *err)
{
	AUTO(auto_json) json_t *expected = toml_parse(text, NULL);
	AUTO(auto_json) json_t *got = toml_parse(buf_bytes(result), NULL);
	bool is_right = expected && got;
	for (size_t i = 0; i < changes->count && is_right; i++)
		is_right = set_value(expected, changes->items[i].key, changes->items[i].value);
	return (is_right && json_equal(expected, got)) ||
	       error_set(err, ERROR_INVALID,
		       "the changes cannot be made in this manifest: write its keys in full, as 'sgx.debug = ...', and not below a [table]");
}

/* The next replacement behind `from`; changes are in order of their keys, not of the text. */
static const struct libos_change *next_replacement(
	const struct libos_changes *changes, const char *from)
{
	const struct libos_change *next = NULL;
	for (size_t i = 0; i < changes->count; i++) {
		const struct libos_change *item = &changes->items[i];
		bool is_ahead = item->is_present && (const char *)item->old.data >= from;
		if (is_ahead &&
			(!next || (const char *)item->old.data < (const char *)next->old.data))
			next = item;
	}
	return next;
}

static void put_new_entries(const struct libos_changes *changes, struct buf *out)
{
	bool is_first = true;
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->items[i].is_present)
			continue;
		if (is_first && out->size && out->data[out->size - 1] != '\n')
			buf_put_text(out, "\n");
		if (is_first)
			buf_put_text(
				out, "\n# MARBLERUN -- auto generated configuration entries \n");
		buf_printf(out, "%s = %s\n", changes->items[i].key, changes->items[i].value);
		is_first = false;
	}
}

bool libos_changes_apply(
	struct bytes text, const struct libos_changes *changes, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf result = { 0 };
	const char *from = text.data;
	const char *end = from + text.size;
	for (const struct libos_change *next; (next = next_replacement(changes, from));) {
		const char *old = next->old.data;
		buf_put(&result, from, (size_t)(old - from));
		buf_put_text(&result, next->value);
		from = old + next->old.size;
	}
	buf_put(&result, from, (size_t)(end - from));
	put_new_entries(changes, &result);
	if (!check_result(text, changes, &result, err))
		return false;
	buf_put(out, result.data, result.size);
	return true;
}
