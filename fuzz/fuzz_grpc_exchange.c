/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may answer to the client's call: the first byte says in which portions. */
#include "fuzz.h"

#include "grpc/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(auto_grpc_exchange)
	struct grpc_exchange *exchange = grpc_exchange_new("a:1", "/x", bytes_of_text("x"));
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	size_t portion = size ? data[0] + 1U : 1;
	for (size_t at = 1; at < size && !grpc_exchange_is_done(exchange); at += portion) {
		size_t step = size - at < portion ? size - at : portion;
		while (grpc_exchange_pull(exchange).size)
			continue;
		if (!grpc_exchange_push(exchange, (struct bytes){ data + at, step }, FUZZ_ERR))
			return 0;
	}
	if (grpc_exchange_is_done(exchange))
		(void)grpc_exchange_finish(exchange, &result, FUZZ_ERR);
	return 0;
}
