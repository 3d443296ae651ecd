/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_notice.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <stdarg.h>

void sim_notice(const char *format, ...)
{
	AUTO(buf_free) struct buf line = { 0 };
	va_list args;
	buf_put_text(&line, "graphene-sim: ");
	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	buf_put_text(&line, "\n");
	/* nothing is left to tell about a stderr that cannot be written */
	(void)file_write_all(STDERR_FILENO, line.data, line.size);
}

void sim_complain(const struct error *err)
{
	sim_notice("%s", err->message);
}

static void add_setting(struct buf *list, bool is_set, const char *key)
{
	if (is_set)
		buf_printf(list, "%s%s", list->size ? ", " : "", key);
}

void sim_notice_insecurity(const struct graphene_manifest *manifest)
{
	AUTO(buf_free) struct buf list = { 0 };
	add_setting(&list, manifest->debug, "sgx.debug");
	add_setting(&list, manifest->use_cmdline_argv, "loader.insecure__use_cmdline_argv");
	add_setting(&list, manifest->use_host_env, "loader.insecure__use_host_env");
	add_setting(&list, manifest->allow_all_but_log, "sgx.file_check_policy");
	add_setting(&list, manifest->allowed.count > 0, "sgx.allowed_files");
	sim_notice("SIMULATION without SGX: the host can read and change everything%s%s",
		list.size ? "; insecure on SGX, too: " : "", buf_text(&list));
}
