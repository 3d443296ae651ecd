/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's quoting service, asked one question: would it make DCAP quotes (spec
 * graphene-attestation.md clause 9)? And what its error numbers mean, which runtimes print as
 * "aesm_service returned error: 30".
 */
#ifndef ATTEST_AESM_H
#define ATTEST_AESM_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

#define AESM_SOCKET        "/var/run/aesmd/aesm.socket"
#define AESM_SUCCESS       0
#define AESM_ERROR_UNKNOWN 1 /* also what an answer without a number means */

/* What to do about an error number, in one sentence; also for numbers without a name. */
const char *aesm_error_text(uint32_t number);
/* "service unavailable", … */
const char *aesm_error_name(uint32_t number);

/*
 * The number in a message of a runtime that has "AESM" or "aesm" and then "error" in it. False for
 * other messages.
 */
bool aesm_error_in(const char *message, uint32_t *number);

/*
 * Sends the request that runtimes send at their start, for an ECDSA attestation key, and sets the
 * service's error number. ERROR_UNAVAILABLE when nobody listens at the socket or nothing sensible
 * comes back.
 */
bool aesm_try_quoting(const char *socket_path, uint32_t *number, struct error *err);

/* The error number in a response, without its length in front. ERROR_INVALID. */
bool aesm_response_parse(struct bytes response, uint32_t *number, struct error *err);

#endif
