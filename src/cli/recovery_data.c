/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery_data.h"

#include "cli/output.h"
#include "client/json.h"

#include <stdio.h>

/* What the Coordinator hands out only once must not get lost with a full disk. */
static void print_instead(
	const struct options *options, const struct marblerun_bytes *recovery, const char *path)
{
	AUTO(auto_json)
	json_t *secrets = json_read((struct bytes){ recovery->data, recovery->size }, NULL);
	const char *name;
	json_t *secret;
	output_say(options, "The recovery data could not be saved to %s.", path);
	output_say(
		options, "It cannot be had a second time, so here it is; keep it in a safe place:");
	json_object_foreach(secrets, name, secret)
	{
		const char *text = json_string_value(secret);
		output_say(options, "\"%s\": \"%s\"", name, text ? text : "");
	}
}

static bool save(const struct options *options, const struct marblerun_bytes *recovery,
	const struct buf *line, struct error *err)
{
	const char *path = options->recoverydata;
	if (!output_write(path, buf_bytes(line), 0600, err)) {
		print_instead(options, recovery, path);
		return error_prefix(err, "saving recovery data");
	}
	output_say(options, "Recovery data saved to: %s", path);
	return true;
}

bool recovery_data_hand_out(const struct options *options, const struct marblerun_bytes *recovery,
	json_t *result, struct error *err)
{
	AUTO(buf_free) struct buf line = { 0 };
	if (!recovery->size)
		return true;
	buf_printf(&line, "{\"RecoverySecrets\":%s}\n", (const char *)recovery->data);
	if (options->recoverydata && *options->recoverydata)
		return save(options, recovery, &line, err);
	if (output_is_json(options))
		json_object_set_new(result, "recoverySecrets",
			json_read((struct bytes){ recovery->data, recovery->size }, NULL));
	else
		fputs(buf_text(&line), stdout);
	return true;
}
