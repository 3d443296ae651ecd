/* SPDX-License-Identifier: Apache-2.0 */
/* What a collateral service, or whoever stands before it, may answer. */
#include "fuzz.h"

#include "net/answer.h"
#include "net/url.h"

#define BODY_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_answer answer;
	struct buf decoded = { 0 };
	for (int ended = 0; ended < 2; ended++) {
		if (net_answer_read((struct bytes){ data, size }, ended, BODY_MAX, &answer, NULL) !=
			NET_ANSWER_COMPLETE)
			continue;
		(void)net_url_put_decoded(
			&decoded, net_answer_header(&answer, "TCB-Info-Issuer-Chain"));
		net_answer_free(&answer);
	}
	buf_free(&decoded);
	return 0;
}
