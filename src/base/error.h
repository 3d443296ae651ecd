/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as values. A function that can fail returns bool and takes `struct error *err` last. The
 * lowest level says what is wrong, each level above says where with error_prefix, the program turns
 * the kind into a gRPC code, an HTTP status or an exit code.
 *
 * `err` may be NULL where the caller does not care. A message never contains a secret.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
	ERROR_NONE = 0,
	ERROR_INTERNAL,        /* our own fault, or the machine's: a system call, memory */
	ERROR_INVALID,         /* malformed or contradictory input */
	ERROR_DENIED,          /* understood, verified, and refused by policy */
	ERROR_UNAUTHENTICATED, /* no or wrong credentials */
	ERROR_NOT_FOUND,       /* the named thing does not exist */
	ERROR_STATE,           /* not possible in the present state */
	ERROR_UNAVAILABLE,     /* a peer or a device does not answer */
	ERROR_UNSUPPORTED,     /* well-formed, but not something we do */
	ERROR_WOULD_WAIT,      /* the caller does not wait, and this has to be waited for */
};

#define ERROR_MESSAGE_MAX 2048 /* bytes with NUL; longer messages are cut */

struct error {
	enum error_kind kind;
	char message[ERROR_MESSAGE_MAX];
};

/* Sets kind and message. Returns false, so that a failing function can `return error_set(…)`. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set with ERROR_INTERNAL, with ": " and the text of errno appended. errno is kept. */
bool error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "<formatted>: " in front of the message. Keeps the kind. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
