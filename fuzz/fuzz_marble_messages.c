/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both messages of an activation: what was read can be written and read again. Fields that are not
 * ours are exempt: protobuf-c reads the number 0 in a long form that it does not write.
 */
#include "fuzz.h"

#include "grpc/marble_messages.h"

static bool is_ours(const ProtobufCMessage *message)
{
	return message->n_unknown_fields == 0;
}

static bool all_is_ours(const Rpc__ActivationResp *response)
{
	const Rpc__Parameters *parameters = response->parameters;
	bool ours = is_ours(&response->base);
	if (!parameters)
		return ours;
	for (size_t i = 0; i < parameters->n_files; i++)
		ours = ours && is_ours(&parameters->files[i]->base);
	for (size_t i = 0; i < parameters->n_env; i++)
		ours = ours && is_ours(&parameters->env[i]->base);
	return ours && is_ours(&parameters->base);
}

static void read_request(struct bytes message)
{
	AUTO(buf_free) struct buf again = { 0 };
	AUTO(auto_activation_request)
	Rpc__ActivationReq *request = activation_request_read(message, FUZZ_ERR);
	if (!request)
		return;
	activation_request_put(request, &again);
	AUTO(auto_activation_request)
	Rpc__ActivationReq *second = activation_request_read(buf_bytes(&again), FUZZ_ERR);
	if (!second && is_ours(&request->base))
		abort();
}

static void read_response(struct bytes message)
{
	AUTO(buf_free) struct buf again = { 0 };
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = activation_response_read(message, FUZZ_ERR);
	if (!response)
		return;
	activation_response_put(response, &again);
	AUTO(auto_activation_response)
	Rpc__ActivationResp *second = activation_response_read(buf_bytes(&again), FUZZ_ERR);
	if (!second && all_is_ours(response))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_request((struct bytes){ data, size });
	read_response((struct bytes){ data, size });
	return 0;
}
