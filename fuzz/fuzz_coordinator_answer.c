/* SPDX-License-Identifier: Apache-2.0 */
/* What a Coordinator that is not verified yet, or not at all, may answer. */
#include "fuzz.h"

#include "attest/ca_pair.h"
#include "base/cleanup.h"
#include "cli/manifest_updates.h"
#include "client/jsend.h"

#include <string.h>

/* Everything up to the first line feed is also taken as manifest, the rest as its log. */
static void merge(struct bytes input)
{
	const char *end = input.size ? memchr(input.data, '\n', input.size) : NULL;
	size_t length = end ? (size_t)(end - (const char *)input.data) : input.size;
	struct bytes log = { (const char *)input.data + length, input.size - length };
	AUTO(buf_free) struct buf merged = { 0 };
	(void)manifest_updates_merge((struct bytes){ input.data, length }, log, &merged, FUZZ_ERR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(ca_pair_free) struct ca_pair certs = { 0 };
	(void)ca_pair_read((struct bytes){ data, size }, &certs, FUZZ_ERR);
	for (long status = 200; status <= 500; status += 100) {
		struct https_answer answer = { .status = status };
		struct error err = { 0 };
		buf_put(&answer.body, data, size);
		json_decref(jsend_data(&answer, &err));
		buf_free(&answer.body);
	}
	merge((struct bytes){ data, size });
	return 0;
}
