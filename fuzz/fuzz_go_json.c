/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever jansson takes for JSON must be JSON for the decoder of manifests, within its depth; but
 * jansson takes a NUL for the end of the text.
 */
#include "fuzz.h"

#include "manifest/go_json_syntax.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { 0 };
	json_t *tree = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool valid = go_json_check_syntax((struct bytes){ data, size }, &err);
	bool has_nul = size && memchr(data, 0, size);
	if (tree && !valid && !has_nul && !strstr(err.message, "max depth"))
		abort();
	json_decref(tree);
	return 0;
}
