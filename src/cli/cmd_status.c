/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>

bool cmd_status(const struct invocation *invocation, struct error *err)
{
	int code;
	AUTO(marblerun_bytes_free) struct marblerun_bytes message = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m =
		session_from_cache(&invocation->options, invocation->arguments[0], err);
	if (!m)
		return false;
	if (!marblerun_get_status(m, &code, &message))
		return session_failed(m, err);
	if (output_is_json(&invocation->options)) {
		AUTO(auto_json)
		json_t *result =
			json_pack("{si ss}", "code", code, "message", (const char *)message.data);
		return output_json(result, err);
	}
	printf("%d: %s\n", code, (const char *)message.data);
	return true;
}
