/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest may ask for that this version does not have. It is refused where the owner would
 * otherwise rely on something that is not there.
 */
#include "manifest/document.h"

#include "base/log.h"

#include <strings.h>

static bool check_config_is_supported(const struct document_config *config, struct error *err)
{
	for (size_t i = 0; i < config->feature_gate_count; i++) {
		if (!strcasecmp(config->feature_gates[i], "AzureHSMSealing"))
			return error_set(err, ERROR_UNSUPPORTED,
				"Config.FeatureGates: AzureHSMSealing: this version does not support "
				"it");
	}
	return true;
}

static void warn_if_any(const struct strmap *section, const char *name, const char *reason)
{
	if (section->count)
		log_warn("A section of the manifest has no effect", "section", name, "reason",
			reason);
}

static void warn_of_sections_without_effect(const struct document *document)
{
	warn_if_any(&document->infrastructures, "Infrastructures", "the values are not evaluated");
	warn_if_any(&document->clients, "Clients", "nothing reads it");
}

bool document_check_support(const struct document *document, struct error *err)
{
	if (!check_config_is_supported(&document->config, err))
		return false;
	warn_of_sections_without_effect(document);
	return true;
}
