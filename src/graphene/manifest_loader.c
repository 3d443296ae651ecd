/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/manifest_loader.h"

#include "base/log.h"
#include "base/memory.h"
#include "graphene/manifest_value.h"
#include "graphene/toml.h"

#include <string.h>

static const char scheme[] = "file:";

static bool is_file_uri(const char *uri)
{
	return !strncmp(uri, scheme, strlen(scheme));
}

static bool read_entrypoint(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	const char *entrypoint = manifest_string(tree, "libos.entrypoint", "");
	bool is_uri = is_file_uri(entrypoint);
	manifest->entrypoint =
		is_uri ? graphene_normalise_path(entrypoint + strlen(scheme)) : xstrdup(entrypoint);
	if (!*manifest->entrypoint)
		return error_set(err, ERROR_INVALID,
			"'libos.entrypoint' is missing; name the program to run");
	if (is_uri && manifest->generation == GRAPHENE_GENERATION_GRAMINE)
		log_warn("'libos.entrypoint' is a path inside; its \"file:\" is ignored",
			"libos.entrypoint", entrypoint);
	return true;
}

/* The library OS: its URI, or since Gramine 1.8 a table of its URI and its hash. */
static bool check_libos(const json_t *tree, struct error *err)
{
	static const char key[] = "loader.entrypoint";
	uint8_t sha256[SHA256_SIZE];
	const json_t *value = manifest_value(tree, key);
	const json_t *hash = json_object_get(value, "sha256");
	const json_t *uri = json_is_object(value) ? json_object_get(value, "uri") : value;
	if (value && (!json_is_string(uri) || !is_file_uri(json_string_value(uri))))
		return manifest_cannot_parse(err, key, "a URI or { uri = \"%s…\" }", scheme);
	if (hash && !manifest_read_sha256(hash, sha256))
		return manifest_cannot_parse(
			err, "loader.entrypoint.sha256", "64 hexadecimal digits");
	return true;
}

/* The host path of a file that holds arguments or the environment; NULL when absent. */
static bool read_source(const json_t *tree, const char *key, char **path, struct error *err)
{
	const char *uri = manifest_string(tree, key, NULL);
	if (!uri)
		return true;
	if (!is_file_uri(uri))
		return manifest_cannot_parse(err, key, "a URI that starts with \"%s\"", scheme);
	*path = graphene_normalise_path(uri + strlen(scheme));
	return true;
}

static bool read_argv(const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	static const char key[] = "loader.argv";
	const json_t *array = manifest_value(tree, key);
	if (!array)
		return true;
	size_t count = json_array_size(array);
	if (!count)
		return manifest_cannot_parse(err, key, "an array of at least one string");
	manifest->argv = xcalloc(count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		const char *argument = json_string_value(json_array_get(array, i));
		if (!argument)
			return manifest_cannot_parse(err, key, "an array of strings");
		manifest->argv[i] = xstrdup(argument);
	}
	return true;
}

/* Graphene lets one of several sources of arguments win; Gramine takes one source alone. */
static bool check_one_source(const struct graphene_manifest *manifest, struct error *err)
{
	int sources = manifest->use_cmdline_argv + (manifest->argv_src_file != NULL);
	if (manifest->argv && (sources || manifest->argv0_override))
		return error_set(err, ERROR_INVALID,
			"'loader.argv' excludes every other key that sets arguments; remove one");
	if (manifest->generation == GRAPHENE_GENERATION_GRAMINE && sources > 1)
		return error_set(err, ERROR_INVALID,
			"'loader.argv_src_file' and 'loader.insecure__use_cmdline_argv' exclude "
			"each other; remove one");
	return true;
}

static bool read_arguments(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	const char *argv0 = manifest_string(tree, "loader.argv0_override", NULL);
	manifest->argv0_override = argv0 ? xstrdup(argv0) : NULL;
	manifest->use_cmdline_argv =
		manifest_bool(tree, "loader.insecure__use_cmdline_argv", false);
	return read_source(tree, "loader.argv_src_file", &manifest->argv_src_file, err) &&
	       read_argv(tree, manifest, err) && check_one_source(manifest, err);
}

static bool wrong_variable(const char *name, struct error *err)
{
	AUTO(buf_free) struct buf where = { 0 };
	buf_put_text(&where, "loader.env.");
	toml_put_key(name, &where);
	return manifest_cannot_parse(
		err, buf_text(&where), "a string, { value = \"…\" } or { passthrough = true }");
}

/* Reads { value = "…" } or { passthrough = true }. */
static bool read_variable_table(
	const char *name, const json_t *table, struct graphene_env *env, struct error *err)
{
	const char *value = json_string_value(json_object_get(table, "value"));
	bool passed = json_is_true(json_object_get(table, "passthrough"));
	if (json_object_size(table) != 1 || !(value || passed))
		return wrong_variable(name, err);
	env->value = value ? xstrdup(value) : NULL;
	return true;
}

static bool read_variable(
	const char *name, const json_t *value, struct graphene_env *env, struct error *err)
{
	if (!*name || strchr(name, '='))
		return error_set(
			err, ERROR_INVALID, "'loader.env': \"%s\" is no name of a variable", name);
	env->name = xstrdup(name);
	if (!json_is_string(value))
		return read_variable_table(name, value, env, err);
	env->value = xstrdup(json_string_value(value));
	return true;
}

/* Strings come first, then tables, each in the order of the file. */
static bool read_environment(
	const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	const json_t *table = manifest_value(tree, "loader.env");
	const char *name;
	json_t *value;
	manifest->use_host_env = manifest_bool(tree, "loader.insecure__use_host_env", false);
	if (!read_source(tree, "loader.env_src_file", &manifest->env_src_file, err))
		return false;
	if (manifest->use_host_env && manifest->env_src_file)
		return error_set(err, ERROR_INVALID,
			"'loader.env_src_file' and 'loader.insecure__use_host_env' exclude each "
			"other; remove one");
	if (table && !json_is_object(table))
		return manifest_cannot_parse(err, "loader.env", "a table");
	manifest->env = xcalloc(json_object_size(table), sizeof(*manifest->env));
	for (int strings = 1; strings >= 0; strings--) {
		json_object_foreach((json_t *)table, name, value)
		{
			if (json_is_string(value) == strings &&
				!read_variable(
					name, value, &manifest->env[manifest->env_count++], err))
				return false;
		}
	}
	return true;
}

bool manifest_read_loader(const json_t *tree, struct graphene_manifest *manifest, struct error *err)
{
	return read_entrypoint(tree, manifest, err) && check_libos(tree, err) &&
	       read_arguments(tree, manifest, err) && read_environment(tree, manifest, err);
}

void manifest_free_loader(struct graphene_manifest *manifest)
{
	for (size_t i = 0; manifest->argv && manifest->argv[i]; i++)
		free(manifest->argv[i]);
	for (size_t i = 0; i < manifest->env_count; i++) {
		free(manifest->env[i].name);
		free(manifest->env[i].value);
	}
	free(manifest->argv);
	free(manifest->env);
	free(manifest->entrypoint);
	free(manifest->argv0_override);
	free(manifest->argv_src_file);
	free(manifest->env_src_file);
}
