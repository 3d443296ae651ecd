/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC status codes and their names as Go prints them ("PermissionDenied"). */
#ifndef GRPC_STATUS_H
#define GRPC_STATUS_H

enum grpc_code {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_ALREADY_EXISTS = 6,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16,
};

#define GRPC_MESSAGE_MAX (4U << 20) /* bytes of one message (marble-api.md clause 1) */

/* "Code(<n>)" for numbers outside the table. The result may point into `unknown`. */
const char *grpc_code_name(int code, char unknown[32]);

#endif
