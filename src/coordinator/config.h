/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Coordinator is told at its start: EDG_… variables (spec client-api.md clause 8) or the
 * flags of the same names, which win.
 */
#ifndef COORDINATOR_CONFIG_H
#define COORDINATOR_CONFIG_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>

struct config {
	char *mesh_address;
	char *client_address;
	char *metrics_address; /* NULL for none */
	char *dns_names;
	char *seal_folder;
	char *witness;          /* path, NULL for none */
	char *check_state;      /* folder: only say what is in it; NULL to run */
	char *startup_manifest; /* path, NULL for none */
	char *collateral;       /* folder or address; NULL: as the machine is configured */
	char *collateral_ca;
	char *collateral_secure_cert;
	char *collateral_cache;
	char *trust_root; /* path, NULL for Intel's */
	unsigned curve_bits;
	unsigned loops; /* 0: one per core */
	bool simulation;
	bool dev_mode;
	bool debug_logging;
	enum log_level http_error_level; /* of TLS handshakes that fail on the client API */
};

enum config_result {
	CONFIG_RUN,
	CONFIG_EXIT, /* --help or --version was answered */
	CONFIG_WRONG,
};

enum config_result config_read(struct config *config, int argc, char **argv, struct error *err);
void config_free(struct config *config);

#endif
