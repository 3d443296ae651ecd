/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/settings.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <string.h>

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value && *value ? value : otherwise;
}

static char *default_uuid_file(void)
{
	const char *given = variable("EDG_CWD", NULL);
	AUTO(auto_free) char *current = given ? NULL : get_current_dir_name();
	const char *folder = given ? given : current ? current : ".";
	return xasprintf("%s/uuid", strcmp(folder, "/") ? folder : "");
}

bool settings_read(struct settings *settings, struct error *err)
{
	const char *uuid_file = variable("EDG_MARBLE_UUID_FILE", NULL);
	*settings = (struct settings){
		.marble_type = variable("EDG_MARBLE_TYPE", NULL),
		.coordinator = variable("EDG_MARBLE_COORDINATOR_ADDR", "localhost:2001"),
		.dns_names = variable("EDG_MARBLE_DNS_NAMES", "localhost"),
		.coordinator_era = variable("EDG_MARBLE_COORDINATOR_ERA", NULL),
		.client_api = variable("EDG_MARBLE_COORDINATOR_CLIENT_ADDR", NULL),
	};
	if (!settings->marble_type)
		return error_set(
			err, ERROR_INVALID, "environment variable not set: EDG_MARBLE_TYPE");
	settings->uuid_file = uuid_file ? xstrdup(uuid_file) : default_uuid_file();
	return true;
}

void settings_free(struct settings *settings)
{
	free(settings->uuid_file);
}

bool settings_want_json(void)
{
	return !strcasecmp(variable("EDG_LOG_FORMAT", ""), "json");
}

bool settings_want_debug(void)
{
	return !strcmp(variable("EDG_DEBUG_LOGGING", ""), "1") ||
	       !strcmp(variable("EDG_COORDINATOR_DEV_MODE", ""), "1");
}
