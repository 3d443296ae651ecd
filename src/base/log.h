/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for the operator: event, subject, reason, remedy. Never a secret, never a pointer.
 *
 *	log_info("Started gRPC server", "grpcAddr", address);
 *
 * After the message come pairs of name and value, all of them strings. Each line is one write to
 * stderr, and of a value the first 4096 bytes. Names that hold non-ASCII or control characters do
 * not occur; values may hold anything.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_FATAL, LOG_OFF };

enum log_format {
	LOG_CONSOLE, /* "level<TAB>message<TAB>{fields}" after a time stamp, for people */
	LOG_JSON, /* one object per line: level, ts, caller, msg, fields (client-api.md clause 9) */
	LOG_PREMAIN, /* "[PreMain] YYYY/MM/DD hh:mm:ss message" (premain.md clause 7.5) */
};

/* Starts as LOG_INFO and LOG_CONSOLE. Call before threads exist. */
void log_configure(enum log_level level, enum log_format format);
/* The level of this name in any case, `otherwise` if there is none. LOG_FATAL and LOG_OFF have
 * none. */
enum log_level log_level_of(const char *name, enum log_level otherwise);
/* For messages that cost something to build. */
bool log_enabled(enum log_level level);

void log_write(enum log_level level, const char *file, int line, const char *message, ...)
	__attribute__((sentinel));

/* clang-format off: one line each shows that they differ only by the level */
#define log_debug(...) log_write(LOG_DEBUG, __FILE__, __LINE__, __VA_ARGS__, (char *)0)
#define log_info(...)  log_write(LOG_INFO, __FILE__, __LINE__, __VA_ARGS__, (char *)0)
#define log_warn(...)  log_write(LOG_WARN, __FILE__, __LINE__, __VA_ARGS__, (char *)0)
#define log_error(...) log_write(LOG_ERROR, __FILE__, __LINE__, __VA_ARGS__, (char *)0)
#define log_fatal(...) log_write(LOG_FATAL, __FILE__, __LINE__, __VA_ARGS__, (char *)0)
/* clang-format on */

#endif
