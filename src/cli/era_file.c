/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/era_file.h"

#include "base/file.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>
#include <unistd.h>

#define ERA_DEFAULT_FILE "era-config.json" /* in the working directory */

static bool load_file(const char *path, struct marblerun *marblerun, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (!file_read(path, ERA_FILE_MAX, &text, err))
		return error_prefix(err, "reading era config file");
	if (marblerun_set_era(marblerun, text.data, text.size))
		return true;
	session_failed(marblerun, err);
	return error_prefix(err, "reading era config file: %s", path);
}

bool era_file_load(const struct options *options, struct marblerun *marblerun, struct error *err)
{
	if (options->era_config && *options->era_config)
		return load_file(options->era_config, marblerun, err);
	if (access(ERA_DEFAULT_FILE, F_OK))
		return error_set(err, ERROR_NOT_FOUND,
			"no era config file: write one that says which Coordinator you accept, like\n"
			"  {\"SignerID\": \"<hex>\", \"ProductID\": <n>, \"SecurityVersion\": <n>}\n"
			"or {\"UniqueID\": \"<hex>\"}, with the values that 'marblerun package-info' or\n"
			"'graphene-sigstruct-view' print for the Coordinator that you built or trust.\n"
			"Name it with --era-config or save it as " ERA_DEFAULT_FILE
			" in this folder");
	output_say(options, "Reusing existing config file");
	return load_file(ERA_DEFAULT_FILE, marblerun, err);
}

bool era_file_read(const struct options *options, struct era *era, struct error *err)
{
	const char *path = options->era_config;
	AUTO(buf_free) struct buf text = { 0 };
	if (!*path)
		return options_refuse("era-config", path, "it names no file", err);
	if (!file_read(path, ERA_FILE_MAX, &text, err))
		return error_prefix(err, "reading era config file");
	if (!era_parse(buf_bytes(&text), era, err))
		return error_prefix(err, "reading era config file: %s", path);
	if (era->has_unknown)
		fprintf(stderr, "Warning: era config: unknown member \"%s\" is ignored\n",
			era->unknown);
	if (!era_names_enclave(era))
		output_say(
			options, "Warning: Configuration contains neither UniqueID nor SignerID!");
	return true;
}
