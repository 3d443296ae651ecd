/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/session.h"

#include <stdio.h>

bool cmd_manifest_log(const struct invocation *invocation, struct error *err)
{
	const char *output = invocation->options.output;
	AUTO(session_free) struct session session = { 0 };
	AUTO(buf_free) struct buf lines = { 0 };
	if (!session_from_cache(&invocation->options, invocation->arguments[0], &session, err))
		return false;
	puts("Successfully verified Coordinator, now requesting update log");
	if (!client_api_get_update_log(session.https, &lines, err))
		return false;
	if (output && *output)
		return output_write(output, buf_bytes(&lines), 0644, err);
	printf("Update log:\n%s", buf_text(&lines));
	return true;
}
