/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest may ask for that this version does not have. It is refused where the owner would
 * otherwise rely on something that is not there, such as a recovery.
 */
#include "manifest/document.h"

#include "base/log.h"

#include <string.h>

static bool refuse(struct error *err, const char *what)
{
	return error_set(err, ERROR_UNSUPPORTED, "%s: this version does not support it", what);
}

static bool check_config_is_supported(const struct document_config *config, struct error *err)
{
	const char *mode = document_text(config->seal_mode);
	if (*mode && strcmp(mode, "ProductKey") != 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"Config.SealMode: this version supports ProductKey, not %s", mode);
	if (config->feature_gate_count)
		return refuse(err, "Config.FeatureGates");
	if (config->update_threshold)
		return refuse(err, "Config.UpdateThreshold");
	if (config->recovery_threshold)
		return refuse(err, "Config.RecoveryThreshold");
	return !config->rotate_root_secret || refuse(err, "Config.RotateRootSecret");
}

static void warn_if_any(const struct strmap *section, const char *name, const char *reason)
{
	if (section->count)
		log_warn("A section of the manifest has no effect", "section", name, "reason",
			reason);
}

static void warn_of_sections_without_effect(const struct document *document)
{
	static const char no_user_api[] = "this version has no update or secret API for users";
	warn_if_any(&document->users, "Users", no_user_api);
	warn_if_any(&document->roles, "Roles", no_user_api);
	warn_if_any(&document->admins, "Admins", no_user_api);
	warn_if_any(&document->infrastructures, "Infrastructures", "the values are not evaluated");
	warn_if_any(&document->clients, "Clients", "nothing reads it");
}

bool document_check_support(const struct document *document, struct error *err)
{
	if (document->recovery_keys.count)
		return error_set(err, ERROR_UNSUPPORTED,
			"RecoveryKeys: this version does not support recovery: remove them");
	if (!check_config_is_supported(&document->config, err))
		return false;
	warn_of_sections_without_effect(document);
	return true;
}
