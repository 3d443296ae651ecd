/* SPDX-License-Identifier: Apache-2.0 */
/* `graphene-prepare` and `gramine-prepare`: they differ in what they suggest. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/libos_manifest.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "client/json.h"

#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MANIFEST_MAX (16U << 20) /* bytes */
#define PREMAIN_MAX  (64U << 20)

static void show(enum libos_form form, const struct libos_changes *changes)
{
	printf("\nMarbleRun suggests the following changes to your %s manifest:\n",
		libos_product(form));
	for (size_t i = 0; i < changes->count; i++) {
		const struct libos_change *change = &changes->items[i];
		AUTO(auto_free) char *line = xasprintf("%s = %s\n", change->key, change->value);
		terminal_print(stdout, change->is_present ? COLOUR_YELLOW : COLOUR_GREEN, line);
	}
}

static bool show_json(const struct libos_changes *changes, struct error *err)
{
	AUTO(auto_json) json_t *list = json_array();
	for (size_t i = 0; i < changes->count; i++) {
		const struct libos_change *change = &changes->items[i];
		json_array_append_new(list, json_pack("{ss ss sb}", "key", change->key, "value",
						    change->value, "replaces", change->is_present));
	}
	AUTO(auto_json) json_t *document = json_pack("{sO}", "changes", list);
	return output_json(document, err);
}

static bool is_confirmed(void)
{
	char answer[16] = "";
	fputs("Do you want to automatically apply the suggested changes [y/n]? ", stdout);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin))
		puts("");
	answer[strcspn(answer, "\r\n")] = 0;
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

/* Both are replaced as a whole, the copy first. */
static bool save(const char *path, struct bytes original, struct bytes changed, struct error *err)
{
	AUTO(auto_free) char *copy = xstrdup(path);
	AUTO(auto_free) char *backup = xasprintf("%s.bak", path);
	const char *name = basename(copy);
	struct stat found;
	printf("Saving original manifest as %s.bak...\n", name);
	if (!output_write(backup, original, 0644, err))
		return false;
	printf("Saving changes to %s...\n", name);
	mode_t mode = stat(path, &found) ? 0644 : found.st_mode & 0777;
	return output_write(path, changed, mode, err);
}

/* Where the premain is installed, from the folder of this program. */
static char *installed_premain(enum libos_form form)
{
	const char *place = form == LIBOS_GRAPHENE_PRELOAD ? "lib/marblerun/premain-graphene.so"
							   : "bin/premain-graphene";
	AUTO(auto_free) char *program = realpath("/proc/self/exe", NULL);
	return xasprintf("%s/../%s", program ? dirname(program) : "", place);
}

/* Puts the premain beside the manifest, unless there is one; without it the work is not in vain. */
static void copy_premain(enum libos_form form, const char *manifest)
{
	const char *name = libos_premain(form);
	AUTO(auto_free) char *copy = xstrdup(manifest);
	AUTO(auto_free) char *target = xasprintf("%s/%s", dirname(copy), name);
	AUTO(auto_free) char *source = installed_premain(form);
	AUTO(buf_free) struct buf program = { 0 };
	struct error err = { 0 };
	if (!access(target, F_OK)) {
		printf("Using the MarbleRun premain that is there: %s\n", name);
		return;
	}
	printf("Copying MarbleRun premain to %s...\n", name);
	if (!file_read(source, PREMAIN_MAX, &program, &err) ||
		!file_replace(target, program.data, program.size, 0755, &err))
		printf("ERROR: Cannot copy '%s': %s. Please add the file manually.\n", name,
			err.message);
}

static bool prepare(enum libos_form form, const struct invocation *invocation, const char *path,
	struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(buf_free) struct buf changed = { 0 };
	AUTO(libos_changes_free) struct libos_changes changes = { 0 };
	struct error reason = { 0 };
	if (!file_read(path, MANIFEST_MAX, &text, &reason))
		return reason.kind == ERROR_NOT_FOUND
			       ? error_set(err, reason.kind, "file does not exist: %s", path)
			       : error_set(err, reason.kind, "%s", reason.message);
	if (!libos_changes_find(form, buf_bytes(&text), &changes, err) ||
		!libos_changes_apply(buf_bytes(&text), &changes, &changed, err))
		return error_prefix(err, "%s", path);
	if (output_is_json(&invocation->options))
		return show_json(&changes, err);
	show(form, &changes);
	if (!is_confirmed()) {
		puts("Aborting.");
		return true;
	}
	puts("Applying changes...");
	if (!save(path, buf_bytes(&text), buf_bytes(&changed), err))
		return false;
	copy_premain(form, path);
	puts("Done! You should be good to go for MarbleRun!");
	return true;
}

/* With two words the first one is the mode, as in MarbleRun 0.3. */
bool cmd_graphene_prepare(const struct invocation *invocation, struct error *err)
{
	const char *mode = invocation->arguments[0];
	if (invocation->count == 1)
		return prepare(LIBOS_GRAPHENE, invocation, mode, err);
	if (!strcasecmp(mode, "spawn"))
		return prepare(LIBOS_GRAPHENE_SPAWN, invocation, invocation->arguments[1], err);
	if (!strcasecmp(mode, "preload"))
		return prepare(LIBOS_GRAPHENE_PRELOAD, invocation, invocation->arguments[1], err);
	return error_set(err, ERROR_INVALID,
		"unknown mode was chosen, aborting: \"%s\" is neither spawn nor preload", mode);
}

bool cmd_gramine_prepare(const struct invocation *invocation, struct error *err)
{
	return prepare(LIBOS_GRAMINE, invocation, invocation->arguments[0], err);
}
