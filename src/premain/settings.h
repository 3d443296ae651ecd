/* SPDX-License-Identifier: Apache-2.0 */
/* What the environment tells the premain (spec premain.md clause 1). An empty value means unset. */
#ifndef PREMAIN_SETTINGS_H
#define PREMAIN_SETTINGS_H

#include "base/error.h"

/* Strings of the environment, valid until it changes; the path is owned. */
struct settings {
	const char *marble_type;
	const char *coordinator;     /* host:port of the mesh API */
	const char *dns_names;       /* separated by commas */
	const char *coordinator_era; /* which Coordinator is accepted; NULL: any */
	const char *client_api;      /* host:port; NULL: on the host of the mesh API, port 4433 */
	char *uuid_file;
};

/* ERROR_INVALID "environment variable not set: EDG_MARBLE_TYPE". */
bool settings_read(struct settings *settings, struct error *err);
void settings_free(struct settings *settings);

/* EDG_LOG_FORMAT asks for JSON. */
bool settings_want_json(void);
/* EDG_DEBUG_LOGGING or EDG_COORDINATOR_DEV_MODE, which count for JSON alone. */
bool settings_want_debug(void);

#endif
