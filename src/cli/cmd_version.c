/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "commit.h"

#include <stdio.h>

bool cmd_version(const struct invocation *invocation, struct error *err)
{
	(void)invocation;
	(void)err;
	/* the blank behind the version is what scripts have always met */
	printf("CLI Version: v%s \nCommit: %s\n", CLI_VERSION, CLI_COMMIT);
	return true;
}
