/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gRPC puts on top of HTTP/2: messages with a prefix of five bytes (a flag and a big-endian
 * length), statuses with a percent-encoded text. Both ends of a call use it.
 */
#ifndef GRPC_FRAMING_H
#define GRPC_FRAMING_H

#include "base/buf.h"
#include "grpc/status.h"

#define GRPC_PREFIX_SIZE 5

/* Puts one message together from the pieces in which it arrives. The zero value is ready to use. */
struct grpc_assembler {
	uint8_t prefix[GRPC_PREFIX_SIZE];
	size_t prefix_size; /* bytes of it that came */
	struct buf message;
};

/* Why a message is refused: a status for the peer. `text` is constant. */
struct grpc_problem {
	enum grpc_code code; /* GRPC_OK: there is no problem */
	const char *text;
};

/*
 * Takes the next bytes. GRPC_RESOURCE_EXHAUSTED for a message over GRPC_MESSAGE_MAX, as soon as its
 * prefix says so; GRPC_UNIMPLEMENTED for a compressed one; GRPC_INTERNAL for anything else that is
 * not exactly one message.
 */
struct grpc_problem grpc_assembler_add(
	struct grpc_assembler *assembler, const void *data, size_t size);
/* Asks at the end of the stream whether the message is complete. */
struct grpc_problem grpc_assembler_end(const struct grpc_assembler *assembler);

/* Appends the message with its prefix. It must not be longer than GRPC_MESSAGE_MAX. */
void grpc_put_message(struct buf *out, struct bytes message);

/* The header grpc-message: printable ASCII but '%' stands for itself. Append to out. */
void grpc_percent_encode(struct buf *out, const char *text);
/* Takes anything: what is no valid escape stands for itself. */
void grpc_percent_decode(struct buf *out, struct bytes text);

/* The header grpc-status; GRPC_UNKNOWN for a text that is no number. */
int grpc_parse_status(struct bytes text);

#endif
