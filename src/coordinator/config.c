/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/config.h"

#include "base/memory.h"
#include "base/number.h"
#include "coordinator/core.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOPS_MAX 256

/* One setting: its flag, its variable, its help, and its value so far. */
struct setting {
	const char *flag;
	const char *variable;
	const char *argument; /* NULL: a switch, whose variable is 1 or 0 */
	const char *help;
	const char *value;
};

enum {
	MESH_ADDR,
	CLIENT_ADDR,
	PROMETHEUS_ADDR,
	DNS_NAMES,
	SEAL_DIR,
	WITNESS,
	CHECK_STATE,
	STARTUP_MANIFEST,
	COLLATERAL,
	COLLATERAL_CA,
	COLLATERAL_SECURE_CERT,
	COLLATERAL_CACHE,
	TRUST_ROOT,
	CURVE,
	LOOPS,
	SIMULATION,
	DEV_MODE,
	DEBUG_LOGGING,
	HTTP_ERROR_LOG_LEVEL,
	SETTING_COUNT,
};

static const struct setting known_settings[SETTING_COUNT] = {
	[MESH_ADDR] = { "mesh-addr", "EDG_COORDINATOR_MESH_ADDR", "HOST:PORT",
		"where Marbles activate (gRPC)", ":2001" },
	[CLIENT_ADDR] = { "client-addr", "EDG_COORDINATOR_CLIENT_ADDR", "HOST:PORT",
		"where owners and users connect (HTTPS)", ":4433" },
	[PROMETHEUS_ADDR] = { "prometheus-addr", "EDG_COORDINATOR_PROMETHEUS_ADDR", "HOST:PORT",
		"where /metrics and /events are served (plain HTTP)", NULL },
	[DNS_NAMES] = { "dns-names", "EDG_COORDINATOR_DNS_NAMES", "LIST",
		"names and IPs of the Coordinator, comma-separated", "localhost" },
	[SEAL_DIR] = { "seal-dir", "EDG_COORDINATOR_SEAL_DIR", "DIR",
		"where the sealed state is kept", NULL },
	[WITNESS] = { "witness", "EDG_COORDINATOR_WITNESS", "FILE",
		"file on other storage that knows how new the sealed state is", NULL },
	[CHECK_STATE] = { "check-state", "EDG_COORDINATOR_CHECK_STATE", "DIR",
		"say what the sealed state in there is, and whether it opens here; do not run",
		NULL },
	[STARTUP_MANIFEST] = { "startup-manifest", "EDG_STARTUP_MANIFEST", "FILE",
		"manifest to set at start", NULL },
	[COLLATERAL] = { "collateral", "EDG_COORDINATOR_COLLATERAL", "DIR|URL",
		"TCB info, QE identity and CRLs to verify quotes with: a folder, or the address of "
		"a PCCS or of Intel's PCS; without it " CORE_DEFAULT_COLLATERAL
		" if it is there, else what /etc/sgx_default_qcnl.conf names",
		NULL },
	[COLLATERAL_CA] = { "collateral-ca", "EDG_COORDINATOR_COLLATERAL_CA", "FILE",
		"certificate that the PCCS is trusted by, instead of the system's", NULL },
	[COLLATERAL_SECURE_CERT] = { "collateral-secure-cert",
		"EDG_COORDINATOR_COLLATERAL_SECURE_CERT", "TRUE|FALSE",
		"whether the PCCS has to prove who it is", NULL },
	[COLLATERAL_CACHE] = { "collateral-cache", "EDG_COORDINATOR_COLLATERAL_CACHE", "DIR",
		"where to keep what the PCCS has sent", NULL },
	[TRUST_ROOT] = { "trust-root", "EDG_COORDINATOR_TRUST_ROOT", "FILE",
		"root certificate of a simulated platform, instead of Intel's", NULL },
	[CURVE] = { "curve", "EDG_COORDINATOR_CURVE", "P256|P384",
		"of the keys that the Coordinator makes", "P256" },
	[LOOPS] = { "loops", "EDG_COORDINATOR_LOOPS", "N",
		"event loops, each a thread; 0 for one per core", "0" },
	[SIMULATION] = { "simulation", "OE_SIMULATION", NULL,
		"run outside of an enclave: no quotes, no protection", NULL },
	[DEV_MODE] = { "dev-mode", "EDG_COORDINATOR_DEV_MODE", NULL,
		"log for people instead of JSON, with debug messages", NULL },
	[DEBUG_LOGGING] = { "debug-logging", "EDG_DEBUG_LOGGING", NULL, "log debug messages",
		NULL },
	[HTTP_ERROR_LOG_LEVEL] = { "http-error-log-level", "EDG_HTTP_ERROR_LOG_LEVEL", "LEVEL",
		"of TLS handshakes that fail on the client API: debug, info, warn or error",
		"error" },
};

static void print_help(void)
{
	puts("Usage: coordinator [OPTION]...\n"
	     "Runs the MarbleRun Coordinator. Each option can be given by its variable as well.\n");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &known_settings[i];
		printf("  --%s%s%s\n        %s (%s)", setting->flag, setting->argument ? " " : "",
			setting->argument ? setting->argument : "", setting->help,
			setting->variable);
		if (setting->value)
			printf(", default %s", setting->value);
		putchar('\n');
	}
	puts("  --help, --version");
}

static void read_environment(struct setting *settings)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *value = getenv(settings[i].variable);
		if (value && *value)
			settings[i].value = value;
	}
}

static enum config_result read_flags(struct setting *settings, int argc, char **argv)
{
	struct option options[SETTING_COUNT + 3] = { 0 };
	for (int i = 0; i < SETTING_COUNT; i++)
		options[i] = (struct option){ settings[i].flag,
			settings[i].argument ? required_argument : no_argument, NULL, i };
	options[SETTING_COUNT] = (struct option){ "help", no_argument, NULL, SETTING_COUNT };
	options[SETTING_COUNT + 1] =
		(struct option){ "version", no_argument, NULL, SETTING_COUNT + 1 };
	for (int found; (found = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (found == '?')
			return CONFIG_WRONG;
		if (found == SETTING_COUNT) {
			print_help();
			return CONFIG_EXIT;
		}
		if (found == SETTING_COUNT + 1) {
			puts("coordinator " MARBLERUN_VERSION);
			return CONFIG_EXIT;
		}
		settings[found].value = settings[found].argument ? optarg : "1";
	}
	if (optind < argc) {
		fprintf(stderr, "coordinator: unexpected argument \"%s\"\n", argv[optind]);
		return CONFIG_WRONG;
	}
	return CONFIG_RUN;
}

static char *copy(const char *value)
{
	return value ? xstrdup(value) : NULL;
}

static bool is_on(const struct setting *setting)
{
	return setting->value && !strcmp(setting->value, "1");
}

static char *default_seal_folder(void)
{
	char working[PATH_MAX];
	const char *folder = getenv("EDG_CWD");
	if (!folder || !*folder)
		folder = getcwd(working, sizeof(working));
	return xasprintf("%s/marblerun-coordinator-data", folder ? folder : ".");
}

static bool read_curve(const char *value, unsigned *bits, struct error *err)
{
	*bits = !strcmp(value, "P256") ? 256 : !strcmp(value, "P384") ? 384 : 0;
	return *bits || error_set(err, ERROR_INVALID,
				"EDG_COORDINATOR_CURVE is \"%s\", but must be P256 or P384", value);
}

static bool read_loops(const char *value, unsigned *loops, struct error *err)
{
	unsigned long number;
	if (!number_parse(value, LOOPS_MAX, &number))
		return error_set(err, ERROR_INVALID,
			"EDG_COORDINATOR_LOOPS is \"%s\", but must be a number up to %d", value,
			LOOPS_MAX);
	*loops = (unsigned)number;
	return true;
}

enum config_result config_read(struct config *config, int argc, char **argv, struct error *err)
{
	*config = (struct config){ 0 };
	struct setting settings[SETTING_COUNT];
	memcpy(settings, known_settings, sizeof(settings));
	read_environment(settings);
	enum config_result result = read_flags(settings, argc, argv);
	if (result == CONFIG_WRONG)
		error_set(err, ERROR_INVALID, "wrong arguments: see coordinator --help");
	if (result != CONFIG_RUN)
		return result;
	config->mesh_address = copy(settings[MESH_ADDR].value);
	config->client_address = copy(settings[CLIENT_ADDR].value);
	config->metrics_address = copy(settings[PROMETHEUS_ADDR].value);
	config->dns_names = copy(settings[DNS_NAMES].value);
	config->seal_folder =
		settings[SEAL_DIR].value ? copy(settings[SEAL_DIR].value) : default_seal_folder();
	config->witness = copy(settings[WITNESS].value);
	config->check_state = copy(settings[CHECK_STATE].value);
	config->startup_manifest = copy(settings[STARTUP_MANIFEST].value);
	config->collateral = copy(settings[COLLATERAL].value);
	config->collateral_ca = copy(settings[COLLATERAL_CA].value);
	config->collateral_secure_cert = copy(settings[COLLATERAL_SECURE_CERT].value);
	config->collateral_cache = copy(settings[COLLATERAL_CACHE].value);
	config->trust_root = copy(settings[TRUST_ROOT].value);
	config->simulation = is_on(&settings[SIMULATION]);
	config->dev_mode = is_on(&settings[DEV_MODE]);
	config->debug_logging = is_on(&settings[DEBUG_LOGGING]);
	config->http_error_level = log_level_of(settings[HTTP_ERROR_LOG_LEVEL].value, LOG_ERROR);
	return read_curve(settings[CURVE].value, &config->curve_bits, err) &&
			       read_loops(settings[LOOPS].value, &config->loops, err)
		       ? CONFIG_RUN
		       : CONFIG_WRONG;
}

void config_free(struct config *config)
{
	free(config->mesh_address);
	free(config->client_address);
	free(config->metrics_address);
	free(config->dns_names);
	free(config->seal_folder);
	free(config->witness);
	free(config->check_state);
	free(config->startup_manifest);
	free(config->collateral);
	free(config->collateral_ca);
	free(config->collateral_secure_cert);
	free(config->collateral_cache);
	free(config->trust_root);
	*config = (struct config){ 0 };
}
