/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "cli/libos_manifest.h"

#include <stdlib.h>

/* A manifest that was changed is one that needs no change. */
static void prepare(enum libos_form form, struct bytes text)
{
	AUTO(libos_changes_free) struct libos_changes changes = { 0 };
	AUTO(libos_changes_free) struct libos_changes more = { 0 };
	AUTO(buf_free) struct buf changed = { 0 };
	struct error err = { 0 };
	if (!libos_changes_find(form, text, &changes, FUZZ_ERR) ||
		!libos_changes_apply(text, &changes, &changed, FUZZ_ERR))
		return;
	if (libos_changes_find(form, buf_bytes(&changed), &more, &err) || err.kind != ERROR_STATE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { size ? (const void *)data : "", size };
	for (int form = LIBOS_GRAPHENE; form <= LIBOS_GRAMINE; form++)
		prepare((enum libos_form)form, text);
	return 0;
}
