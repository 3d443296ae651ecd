/* SPDX-License-Identifier: Apache-2.0 */
/* Both messages of an activation; what was read must be readable again. */
#include "fuzz.h"

#include "grpc/marble_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message = { data, size };
	AUTO(auto_activation_request)
	Rpc__ActivationReq *request = activation_request_read(message, NULL);
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = activation_response_read(message, NULL);
	AUTO(buf_free) struct buf again = { 0 };
	if (response) {
		activation_response_put(response, &again);
		AUTO(auto_activation_response)
		Rpc__ActivationResp *second = activation_response_read(buf_bytes(&again), NULL);
		if (!second)
			abort();
	}
	return 0;
}
