/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>
#include <string.h>

/* The lines as a list. */
static bool print_json(const struct marblerun_bytes *lines, struct error *err)
{
	AUTO(auto_json) json_t *list = json_array();
	const char *next = (const char *)lines->data;
	for (size_t length; *next; next += length + (next[length] == '\n')) {
		length = strcspn(next, "\n");
		json_t *entry = length ? json_read((struct bytes){ next, length }, err) : NULL;
		if (length && !entry)
			return error_prefix(err, "malformed update log");
		json_array_append_new(list, entry);
	}
	return output_json(list, err);
}

bool cmd_manifest_log(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(marblerun_bytes_free) struct marblerun_bytes lines = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m = session_from_cache(options, invocation->arguments[0], err);
	if (!m)
		return false;
	output_say(options, "Successfully verified Coordinator, now requesting update log");
	if (!marblerun_get_update_log(m, &lines))
		return session_failed(m, err);
	if (output_is_json(options))
		return print_json(&lines, err);
	if (output_file(options))
		return output_write(output_file(options), session_bytes(&lines), 0644, err);
	printf("Update log:\n%s", (const char *)lines.data);
	return true;
}
