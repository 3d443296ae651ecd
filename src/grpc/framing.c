/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/framing.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_PLAIN      0
#define FLAG_COMPRESSED 1

static const struct grpc_problem no_problem = { GRPC_OK, "" };

static size_t announced_length(const struct grpc_assembler *assembler)
{
	const uint8_t *p = assembler->prefix;
	return (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
}

static struct grpc_problem check_prefix(const struct grpc_assembler *assembler)
{
	if (assembler->prefix[0] == FLAG_COMPRESSED)
		return (struct grpc_problem){ GRPC_UNIMPLEMENTED,
			"compressed messages are not supported" };
	if (assembler->prefix[0] != FLAG_PLAIN)
		return (struct grpc_problem){ GRPC_INTERNAL, "message with an unknown flag" };
	if (announced_length(assembler) > GRPC_MESSAGE_MAX)
		return (struct grpc_problem){ GRPC_RESOURCE_EXHAUSTED,
			"message is longer than the 4194304 bytes that are accepted" };
	return no_problem;
}

struct grpc_problem grpc_assembler_add(
	struct grpc_assembler *assembler, const void *data, size_t size)
{
	const uint8_t *next = data;
	while (size && assembler->prefix_size < GRPC_PREFIX_SIZE) {
		assembler->prefix[assembler->prefix_size++] = *next++;
		size--;
	}
	if (assembler->prefix_size < GRPC_PREFIX_SIZE)
		return no_problem;
	struct grpc_problem problem = check_prefix(assembler);
	if (problem.code != GRPC_OK)
		return problem;
	if (size > announced_length(assembler) - assembler->message.size)
		return (struct grpc_problem){ GRPC_INTERNAL,
			"more than one message in a unary call" };
	if (size)
		buf_put(&assembler->message, next, size);
	return no_problem;
}

struct grpc_problem grpc_assembler_end(const struct grpc_assembler *assembler)
{
	if (assembler->prefix_size == 0)
		return (struct grpc_problem){ GRPC_INTERNAL, "no message in a unary call" };
	if (assembler->prefix_size < GRPC_PREFIX_SIZE ||
		assembler->message.size < announced_length(assembler))
		return (struct grpc_problem){ GRPC_INTERNAL, "message ends too early" };
	return no_problem;
}

void grpc_put_message(struct buf *out, struct bytes message)
{
	if (message.size > GRPC_MESSAGE_MAX)
		abort();
	uint8_t prefix[GRPC_PREFIX_SIZE] = { FLAG_PLAIN, (uint8_t)(message.size >> 24),
		(uint8_t)(message.size >> 16), (uint8_t)(message.size >> 8),
		(uint8_t)message.size };
	buf_put(out, prefix, sizeof(prefix));
	buf_put(out, message.data, message.size);
}

void grpc_percent_encode(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text >= 0x20 && *text < 0x7f && *text != '%')
			buf_put_u8(out, (uint8_t)*text);
		else
			buf_printf(out, "%%%02X", (unsigned)(uint8_t)*text);
	}
}

void grpc_percent_decode(struct buf *out, struct bytes text)
{
	const char *next = text.data;
	for (size_t left = text.size; left;) {
		size_t step = *next == '%' && left >= 3 && hex_decode(out, next + 1, 2) ? 3 : 1;
		if (step == 1)
			buf_put_u8(out, (uint8_t)*next);
		next += step;
		left -= step;
	}
}

int grpc_parse_status(struct bytes text)
{
	const char *digits = text.data;
	int status = 0;
	if (text.size < 1 || text.size > 9)
		return GRPC_UNKNOWN;
	for (size_t i = 0; i < text.size; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return GRPC_UNKNOWN;
		status = status * 10 + (digits[i] - '0');
	}
	return status;
}
