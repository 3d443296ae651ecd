/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/output.h"
#include "client/json.h"
#include "commit.h"

#include <stdio.h>

bool cmd_version(const struct invocation *invocation, struct error *err)
{
	if (output_is_json(&invocation->options)) {
		AUTO(auto_json)
		json_t *document =
			json_pack("{ss ss}", "version", CLI_VERSION, "commit", CLI_COMMIT);
		return output_json(document, err);
	}
	/* the blank behind the version is what scripts have always met */
	printf("CLI Version: v%s \nCommit: %s\n", CLI_VERSION, CLI_COMMIT);
	return true;
}
