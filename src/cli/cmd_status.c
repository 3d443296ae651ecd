/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/session.h"

#include <stdio.h>

bool cmd_status(const struct invocation *invocation, struct error *err)
{
	int code;
	AUTO(session_free) struct session session = { 0 };
	AUTO(buf_free) struct buf message = { 0 };
	if (!session_from_cache(&invocation->options, invocation->arguments[0], &session, err) ||
		!client_api_get_status(session.https, &code, &message, err))
		return false;
	printf("%d: %s\n", code, buf_text(&message));
	return true;
}
