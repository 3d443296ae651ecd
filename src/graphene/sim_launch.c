/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_launch.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "graphene/sim_path.h"

#include <string.h>

#define STRINGS_FILE_MAX 10000000 /* bytes, of arguments as of environment */

void sim_strings_free(struct sim_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct sim_strings){ 0 };
}

void sim_program_free(struct sim_program *program)
{
	free(program->path);
	program->path = NULL;
	sim_strings_free(&program->argv);
	sim_strings_free(&program->envp);
}

/* Takes text over. */
static void append(struct sim_strings *strings, char *text)
{
	strings->items = xreallocarray(strings->items, strings->count + 2, sizeof(*strings->items));
	strings->items[strings->count++] = text;
	strings->items[strings->count] = NULL;
}

static void append_all(struct sim_strings *strings, char *const *items)
{
	for (; *items; items++)
		append(strings, xstrdup(*items));
}

/* An empty vector is a vector, too. */
static void start(struct sim_strings *strings)
{
	strings->items = xcalloc(1, sizeof(*strings->items));
}

/* Reads a file that the policy vouches for and in which every string ends with NUL. */
static bool read_strings(
	const char *path, const struct sim_policy *policy, struct buf *content, struct error *err)
{
	if (sim_policy_check(policy, path, SIM_READ))
		return error_set(err, ERROR_DENIED,
			"it is neither trusted nor allowed, add it to sgx.trusted_files");
	if (!file_read(path, STRINGS_FILE_MAX, content, err))
		return false;
	if (content->size && content->data[content->size - 1])
		return error_set(err, ERROR_INVALID, "its last byte is not NUL");
	return true;
}

static bool append_file(struct sim_strings *strings, const char *path, const char *key,
	const char *what, const struct sim_policy *policy, struct error *err)
{
	AUTO(buf_free) struct buf content = { 0 };
	if (!read_strings(path, policy, &content, err))
		return error_prefix(err, "Cannot load %s from '%s' (%s)", what, key, path);
	const char *end = buf_text(&content) + content.size;
	for (const char *next = buf_text(&content); next < end; next += strlen(next) + 1)
		append(strings, xstrdup(next));
	return true;
}

static bool append_argv_file(struct sim_strings *argv, const struct graphene_manifest *manifest,
	const struct sim_policy *policy, struct error *err)
{
	return append_file(
		argv, manifest->argv_src_file, "loader.argv_src_file", "arguments", policy, err);
}

static void report_discarded(char *const *args, const char *key)
{
	if (!*args)
		return;
	AUTO(buf_free) struct buf list = { 0 };
	for (; *args; args++)
		buf_printf(&list, "%s%s", list.size ? " " : "", *args);
	AUTO(auto_free)
	char *message = xasprintf(
		"Discarding cmdline arguments (%s) because %s was specified in the manifest.",
		buf_text(&list), key);
	log_error(message);
}

static bool refuse_args(struct error *err)
{
	return error_set(err, ERROR_INVALID,
		"argv handling wasn't configured in the manifest, but cmdline arguments were "
		"specified.");
}

/* Graphene and Gramine to 1.2: argv[0] is APP unless it is overridden. */
static bool prepare_argv_of_graphene(struct sim_strings *argv,
	const struct graphene_manifest *manifest, const struct sim_policy *policy,
	const struct sim_host *host, struct error *err)
{
	if (!manifest->use_cmdline_argv && manifest->argv_src_file) {
		report_discarded(host->args, "loader.argv_src_file");
		return append_argv_file(argv, manifest, policy, err);
	}
	if (!manifest->use_cmdline_argv && (!manifest->argv0_override || *host->args))
		return refuse_args(err);
	append(argv, xstrdup(manifest->argv0_override ? manifest->argv0_override : host->app));
	append_all(argv, host->args);
	return true;
}

/* Gramine since 1.3: argv[0] is the entry point unless the manifest gives the whole vector. */
static bool prepare_argv_of_gramine(struct sim_strings *argv,
	const struct graphene_manifest *manifest, const struct sim_policy *policy,
	const struct sim_host *host, struct error *err)
{
	if (manifest->argv) {
		report_discarded(host->args, "loader.argv");
		append_all(argv, manifest->argv);
		return true;
	}
	if (manifest->argv_src_file) {
		report_discarded(host->args, "loader.argv_src_file");
		return append_argv_file(argv, manifest, policy, err);
	}
	if (*host->args && !manifest->use_cmdline_argv)
		return refuse_args(err);
	append(argv, xstrdup(manifest->entrypoint));
	append_all(argv, host->args);
	return true;
}

static bool prepare_argv(struct sim_program *program, const struct graphene_manifest *manifest,
	const struct sim_policy *policy, const struct sim_host *host, struct error *err)
{
	bool old_rules =
		manifest->generation == GRAPHENE_GENERATION_GRAPHENE || manifest->argv0_override;
	start(&program->argv);
	return old_rules ? prepare_argv_of_graphene(&program->argv, manifest, policy, host, err)
			 : prepare_argv_of_gramine(&program->argv, manifest, policy, host, err);
}

static bool has_name(const char *variable, const char *name)
{
	size_t length = strlen(name);
	return !strncmp(variable, name, length) && variable[length] == '=';
}

static const struct graphene_env *find_env(
	const struct graphene_manifest *manifest, const char *variable)
{
	for (size_t i = 0; i < manifest->env_count; i++) {
		if (has_name(variable, manifest->env[i].name))
			return &manifest->env[i];
	}
	return NULL;
}

/*
 * Appends what stays of the base. When `all` is false, that is only what the manifest passes
 * through by name.
 */
static bool append_base(struct sim_strings *envp, const struct graphene_manifest *manifest,
	char *const *base, bool all, struct error *err)
{
	for (; *base; base++) {
		if (all && manifest->env_count && !strchr(*base, '='))
			return error_set(err, ERROR_INVALID,
				"environment string \"%s\" has no '=', which loader.env needs",
				*base);
		const struct graphene_env *listed = find_env(manifest, *base);
		if (listed ? !listed->value : all)
			append(envp, xstrdup(*base));
	}
	return true;
}

static bool prepare_env(struct sim_program *program, const struct graphene_manifest *manifest,
	const struct sim_policy *policy, const struct sim_host *host, struct error *err)
{
	AUTO(sim_strings_free) struct sim_strings file = { 0 };
	start(&file);
	start(&program->envp);
	if (manifest->env_src_file &&
		!append_file(&file, manifest->env_src_file, "loader.env_src_file",
			"environment variables", policy, err))
		return false;
	char *const *base = manifest->env_src_file ? file.items : host->envp;
	bool all = manifest->env_src_file || manifest->use_host_env;
	if (!append_base(&program->envp, manifest, base, all, err))
		return false;
	for (size_t i = 0; i < manifest->env_count; i++) {
		const struct graphene_env *env = &manifest->env[i];
		if (env->value)
			append(&program->envp, xasprintf("%s=%s", env->name, env->value));
	}
	return true;
}

bool sim_program_prepare(struct sim_program *program, const struct graphene_manifest *manifest,
	const struct sim_policy *policy, const struct sim_host *host, struct error *err)
{
	/* an absolute entry point stays what it is */
	program->path = *manifest->entrypoint == '/'
				? xstrdup(manifest->entrypoint)
				: sim_path_join(manifest->start_dir, manifest->entrypoint);
	return prepare_argv(program, manifest, policy, host, err) &&
	       prepare_env(program, manifest, policy, host, err);
}

const char *sim_program_getenv(const struct sim_program *program, const char *name)
{
	for (size_t i = 0; i < program->envp.count; i++) {
		if (has_name(program->envp.items[i], name))
			return strchr(program->envp.items[i], '=') + 1;
	}
	return NULL;
}
