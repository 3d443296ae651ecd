/* SPDX-License-Identifier: Apache-2.0 */
#include "client/notices.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <stdarg.h>

void notices_tell(
	const struct notices *notices, enum marblerun_notice kind, const char *format, ...)
{
	AUTO(buf_free) struct buf text = { 0 };
	va_list args;
	if (!notices->notice)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	notices->notice(notices->context, kind, buf_text(&text));
}
