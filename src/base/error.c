/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	if (!err)
		return false;
	va_list args;
	va_start(args, format);
	err->kind = kind;
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	return false;
}

static void append(struct error *err, const char *text)
{
	size_t used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, "%s", text);
}

bool error_errno(struct error *err, const char *format, ...)
{
	if (!err)
		return false;
	int number = errno;
	va_list args;
	va_start(args, format);
	err->kind = ERROR_INTERNAL;
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	append(err, ": ");
	append(err, strerrordesc_np(number) ? strerrordesc_np(number) : "unknown error");
	errno = number;
	return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
	if (!err)
		return false;
	char inner[ERROR_MESSAGE_MAX];
	memcpy(inner, err->message, sizeof(inner));
	va_list args;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	append(err, ": ");
	append(err, inner);
	return false;
}
