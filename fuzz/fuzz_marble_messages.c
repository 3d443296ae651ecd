/* SPDX-License-Identifier: Apache-2.0 */
/* Both messages of an activation: what was read can be written and read again. */
#include "fuzz.h"

#include "grpc/marble_messages.h"

static void read_request(struct bytes message)
{
	AUTO(buf_free) struct buf again = { 0 };
	AUTO(auto_activation_request)
	Rpc__ActivationReq *request = activation_request_read(message, NULL);
	if (!request)
		return;
	activation_request_put(request, &again);
	AUTO(auto_activation_request)
	Rpc__ActivationReq *second = activation_request_read(buf_bytes(&again), NULL);
	if (!second)
		abort();
}

static void read_response(struct bytes message)
{
	AUTO(buf_free) struct buf again = { 0 };
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = activation_response_read(message, NULL);
	if (!response)
		return;
	activation_response_put(response, &again);
	AUTO(auto_activation_response)
	Rpc__ActivationResp *second = activation_response_read(buf_bytes(&again), NULL);
	if (!second)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_request((struct bytes){ data, size });
	read_response((struct bytes){ data, size });
	return 0;
}
