/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include <stdlib.h>

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void package_properties_free(struct package_properties *properties)
{
	free(properties->unique_id);
	free(properties->signer_id);
	free_list(properties->accepted_tcb_statuses, properties->accepted_tcb_status_count);
	free_list(properties->accepted_advisories, properties->accepted_advisory_count);
	*properties = (struct package_properties){ 0 };
}
