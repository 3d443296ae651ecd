/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "platform/commands.h"
#include "platform/platform.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

int command_show(int argc, char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	if (getopt_long(argc, argv, "", none, NULL) != -1)
		return EXIT_USAGE;
	const char *folder = folder_operand(argc, argv);
	if (!folder)
		return EXIT_USAGE;
	AUTO(buf_free) struct buf text = { 0 };
	struct error err = { 0 };
	if (!platform_describe(folder, clock_now(), &text, &err))
		return failure(&err);
	fputs(buf_text(&text), stdout);
	return EXIT_SUCCESS;
}
