/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recovery_data.h"

#include "cli/output.h"

#include <stdio.h>

/* One line, names in order: {"RecoverySecrets":{"<key>":"<base64>"}} */
static void put_recovery_data(json_t *secrets, struct buf *out)
{
	AUTO(auto_json) json_t *object = json_pack("{sO}", "RecoverySecrets", secrets);
	AUTO(auto_free) char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	buf_put_text(out, text ? text : "");
	buf_put_u8(out, '\n');
}

/* What the Coordinator hands out only once must not get lost with a full disk. */
static void print_instead(json_t *secrets, const char *path)
{
	printf("The recovery data could not be saved to %s.\n"
	       "It cannot be had a second time, so here it is; keep it in a safe place:\n",
		path);
	for (void *i = json_object_iter(secrets); i; i = json_object_iter_next(secrets, i)) {
		const char *secret = json_string_value(json_object_iter_value(i));
		printf("\"%s\": \"%s\"\n", json_object_iter_key(i), secret ? secret : "");
	}
}

bool recovery_data_hand_out(json_t *secrets, const char *path, struct error *err)
{
	AUTO(buf_free) struct buf text = { 0 };
	put_recovery_data(secrets, &text);
	if (!path || !*path) {
		fputs(buf_text(&text), stdout);
		return true;
	}
	if (!output_write(path, buf_bytes(&text), 0600, err)) {
		print_instead(secrets, path);
		return error_prefix(err, "saving recovery data");
	}
	printf("Recovery data saved to: %s\n", path);
	return true;
}
