/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/log.h"
#include "graphene/manifest.h"
#include "graphene/toml.h"

#include <stdlib.h>

/* Any document that is read must be the same after writing and reading it again. */
static void check_round_trip(const json_t *tree)
{
	AUTO(buf_free) struct buf text = { 0 };
	toml_write(tree, &text);
	json_t *again = toml_parse(buf_bytes(&text), FUZZ_ERR);
	if (!again || !json_equal((json_t *)tree, again))
		abort();
	json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_configure(LOG_OFF, LOG_CONSOLE);
	json_t *tree = toml_parse((struct bytes){ data, size }, FUZZ_ERR);
	if (!tree)
		return 0;
	check_round_trip(tree);
	struct graphene_manifest *manifest = graphene_manifest_of_tree(tree, size % 2, FUZZ_ERR);
	if (manifest)
		graphene_manifest_free(manifest);
	json_decref(tree);
	return 0;
}
