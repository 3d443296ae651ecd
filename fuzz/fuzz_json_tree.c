/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "dcap/json_tree.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 18 /* of a number that jansson surely holds */

/* What jansson sees in the same way: it decodes escapes, and does not hold all numbers. */
static bool is_simple(const uint8_t *data, size_t size)
{
	size_t digits = 0;
	for (size_t i = 0; i < size; i++) {
		digits = isdigit(data[i]) ? digits + 1 : 0;
		if (data[i] == '\\' || digits > DIGITS_MAX || data[i] == 'e' || data[i] == 'E')
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_tree tree;
	bool good = json_tree_read((struct bytes){ data, size }, &tree, FUZZ_ERR);
	if (good && json_tree_root(&tree)->span != tree.count)
		abort();
	/* whatever is accepted is JSON for others as well */
	if (good && is_simple(data, size)) {
		json_t *other = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
		if (!other || json_object_size(other) != json_tree_root(&tree)->count)
			abort();
		json_decref(other);
	}
	json_tree_free(&tree);
	return 0;
}
