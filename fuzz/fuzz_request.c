/* SPDX-License-Identifier: Apache-2.0 */
/* What a client's request is made of: its target, and a body of which only the first value counts.
 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "http/target.h"
#include "manifest/update.h"

#include <stdlib.h>
#include <string.h>

static bool ignore(void *context, struct bytes value)
{
	(void)context;
	/* a NUL stands behind the value */
	if (((const char *)value.data)[value.size])
		abort();
	return true;
}

static void try_target(const char *target)
{
	AUTO(buf_free) struct buf path = { 0 };
	AUTO(buf_free) struct buf clean = { 0 };
	AUTO(buf_free) struct buf again = { 0 };
	http_query_each(http_target_query(target), "s", ignore, NULL);
	if (!http_target_path(target, &path))
		return;
	http_path_clean(buf_text(&path), &clean);
	http_path_clean(buf_text(&clean), &again);
	/* else a redirect would lead to the next */
	if (!bytes_equal(buf_bytes(&clean), buf_bytes(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(buf_free) struct buf target = { 0 };
	struct manifest_update update = { 0 };
	log_configure(LOG_OFF, LOG_CONSOLE);
	buf_put(&target, data, size);
	try_target(buf_text(&target));
	manifest_update_read((struct bytes){ data, size }, &update, FUZZ_ERR);
	manifest_update_free(&update);
	return 0;
}
