/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/marble_messages.h"

#include "base/memory.h"

/*
 * protobuf-c makes up to 50 bytes of structures out of one byte of hostile message (empty map
 * entries, unknown fields). One variable with a name and a value of one letter each, the worst
 * that makes sense, takes 13.
 */
#define MEMORY_PER_BYTE 16
#define MEMORY_ALWAYS   65536

static void *allocate_within_budget(void *budget, size_t size)
{
	size_t *left = budget;
	if (size > *left)
		return NULL;
	*left -= size;
	return wiping_malloc(size);
}

static void release(void *budget, void *p)
{
	(void)budget;
	wiping_free(p);
}

static ProtobufCMessage *read_message(
	const ProtobufCMessageDescriptor *descriptor, struct bytes message, struct error *err)
{
	size_t budget = MEMORY_ALWAYS + MEMORY_PER_BYTE * message.size;
	ProtobufCAllocator allocator = { allocate_within_budget, release, &budget };
	ProtobufCMessage *result =
		protobuf_c_message_unpack(descriptor, &allocator, message.size, message.data);
	if (!result)
		error_set(err, ERROR_INVALID, "not a well-formed %s", descriptor->short_name);
	return result;
}

static void put_message(const ProtobufCMessage *message, struct buf *out)
{
	uint8_t *start = buf_extend(out, protobuf_c_message_get_packed_size(message));
	protobuf_c_message_pack(message, start);
}

static void free_message(ProtobufCMessage *message)
{
	ProtobufCAllocator allocator = { allocate_within_budget, release, NULL };
	protobuf_c_message_free_unpacked(message, &allocator);
}

Rpc__ActivationReq *activation_request_read(struct bytes message, struct error *err)
{
	return (Rpc__ActivationReq *)read_message(&rpc__activation_req__descriptor, message, err);
}

Rpc__ActivationResp *activation_response_read(struct bytes message, struct error *err)
{
	return (Rpc__ActivationResp *)read_message(&rpc__activation_resp__descriptor, message, err);
}

void activation_request_put(const Rpc__ActivationReq *request, struct buf *out)
{
	put_message(&request->base, out);
}

void activation_response_put(const Rpc__ActivationResp *response, struct buf *out)
{
	put_message(&response->base, out);
}

void activation_request_free(Rpc__ActivationReq *request)
{
	free_message(&request->base);
}

void activation_response_free(Rpc__ActivationResp *response)
{
	free_message(&response->base);
}
