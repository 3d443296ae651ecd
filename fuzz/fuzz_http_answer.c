/* SPDX-License-Identifier: Apache-2.0 */
/* What a collateral service, or whoever stands before it, may answer. */
#include "fuzz.h"

#include "base/cleanup.h"
#include "net/answer.h"
#include "net/url.h"

#include <stdlib.h>

#define BODY_MAX 1000

/* The chains of certificates that a PCCS sends in headers. */
static void decode_chain(const struct net_answer *answer)
{
	AUTO(buf_free) struct buf decoded = { 0 };
	(void)net_url_put_decoded(&decoded, net_answer_header(answer, "TCB-Info-Issuer-Chain"));
}

/* An answer that is complete says the same when the server has ended. */
static void compare(struct bytes received, const struct net_answer *answer)
{
	struct net_answer same;
	if (net_answer_read(received, true, BODY_MAX, &same, FUZZ_ERR) != NET_ANSWER_COMPLETE ||
		same.status != answer->status ||
		!bytes_equal(buf_bytes(&same.body), buf_bytes(&answer->body)))
		abort();
	net_answer_free(&same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_answer answer;
	struct bytes received = { data, size };
	for (int ended = 0; ended < 2; ended++) {
		if (net_answer_read(received, ended, BODY_MAX, &answer, FUZZ_ERR) !=
			NET_ANSWER_COMPLETE)
			continue;
		if (answer.body.size > BODY_MAX)
			abort();
		decode_chain(&answer);
		compare(received, &answer);
		net_answer_free(&answer);
	}
	return 0;
}
