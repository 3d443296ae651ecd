/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "cli/manifest_file.h"
#include "cli/yaml_json.h"

#include <jansson.h>
#include <stdlib.h>

/* What YAML becomes is JSON, always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf json = { 0 };
	AUTO(buf_free) struct buf manifest = { 0 };
	if (yaml_to_json((struct bytes){ data, size }, &json, FUZZ_ERR)) {
		size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
		json_error_t reason;
		json_t *value = json_loadb((const char *)json.data, json.size, flags, &reason);
		/* jansson refuses NUL in names and depths that are no fault of the converter */
		if (!value && json_error_code(&reason) == json_error_invalid_syntax)
			abort();
		json_decref(value);
	}
	(void)manifest_text_to_json((struct bytes){ data, size }, &manifest, FUZZ_ERR);
	return 0;
}
