/* SPDX-License-Identifier: Apache-2.0 */
/* The Coordinator: reads its configuration, starts core and loops, ends on SIGTERM or SIGINT. */
#include "attest/issuer.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "coordinator/build_info.h"
#include "coordinator/check_state.h"
#include "coordinator/config.h"
#include "coordinator/loop.h"
#include "coordinator/recovery_secrets.h"
#include "coordinator/serve.h"
#include "crypto/decoders.h"
#include "net/listen.h"

#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define MANIFEST_MAX (32U << 20)

/* A connection each; the soft limit is for programs that use select(). */
static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void log_event_loop(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("event loop", "error", message);
}

static void set_up_process(void)
{
	allow_descriptors();
	/* its buffers hold what TLS hands out and takes: requests and answers with secrets */
	event_set_mem_functions(wiping_malloc, wiping_realloc, wiping_free);
	event_set_log_callback(log_event_loop);
	crypto_setup();
	json_set_alloc_funcs(wiping_malloc, wiping_free);
	/* no core files, no other process of the user reading our memory; Graphene has no prctl */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void set_up_log(const struct config *config)
{
	bool debug = config->dev_mode || config->debug_logging;
	log_configure(debug ? LOG_DEBUG : LOG_INFO, config->dev_mode ? LOG_CONSOLE : LOG_JSON);
}

/* Inside an enclave or by explicit wish outside of one; never by accident. */
static bool find_attestation(const struct config *config, const char **folder, struct error *err)
{
	*folder = config->simulation ? NULL : ATTESTATION_FOLDER;
	if (config->simulation || issuer_is_present(ATTESTATION_FOLDER))
		return true;
	return error_set(err, ERROR_UNAVAILABLE,
		"there is no " ATTESTATION_FOLDER " here: start the Coordinator under Gramine or "
		"graphene-sim (with sgx.remote_attestation on), or, to try things out without any "
		"protection, with --simulation");
}

static bool set_startup_manifest(struct core *core, const char *path, struct error *err)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	/* there is nobody to hand them to (spec client-api.md clause 8) */
	AUTO(recovery_secrets_free) struct strmap recovery_secrets = { 0 };
	log_info("Setting startup manifest");
	struct error reason = { 0 };
	if (file_read(path, MANIFEST_MAX, &manifest, &reason) &&
		core_set_manifest(core, buf_bytes(&manifest), &recovery_secrets, &reason))
		return true;
	return error_set(err, reason.kind, "startup manifest: %s%s", reason.message,
		reason.kind == ERROR_STATE ? ": a manifest is set already, so start without "
					     "EDG_STARTUP_MANIFEST"
					   : "");
}

/* Prints what there is; the exit status tells whether it could be used. */
static int show_state(const struct config *config)
{
	AUTO(buf_free) struct buf text = { 0 };
	bool is_enclave = !config->simulation && issuer_is_present(ATTESTATION_FOLDER);
	bool is_usable =
		check_state(config->check_state, is_enclave ? ATTESTATION_FOLDER : NULL, &text);
	fputs(buf_text(&text), stdout);
	return is_usable ? 0 : 1;
}

static bool run(const struct config *config, struct error *err)
{
	struct core_config core_config = {
		.pki = { .curve_bits = config->curve_bits, .alt_names = config->dns_names },
		.seal_folder = config->seal_folder,
		.collateral = {
			.collateral = config->collateral,
			.default_folder = CORE_DEFAULT_COLLATERAL,
			.ca_file = config->collateral_ca,
			.secure_cert = config->collateral_secure_cert,
			.cache_folder = config->collateral_cache,
			.refreshes_in_background = true,
		},
		.trust_root_file = config->trust_root,
		.witness_file = config->witness,
		.version = config->metrics_address ? MARBLERUN_VERSION : NULL,
	};
	struct core core;
	if (!decoders_narrow(err) ||
		!find_attestation(config, &core_config.attestation_folder, err) ||
		!core_start(&core, &core_config, err))
		return false;
	bool served = (!config->startup_manifest ||
			      set_startup_manifest(&core, config->startup_manifest, err)) &&
		      serve(&core, config, err);
	core_stop(&core);
	return served;
}

int main(int argc, char **argv)
{
	AUTO(config_free) struct config config;
	struct error err = { 0 };
	set_up_process();
	switch (config_read(&config, argc, argv, &err)) {
	case CONFIG_EXIT:
		return 0;
	case CONFIG_WRONG:
		fprintf(stderr, "Error: %s\n", err.message);
		return 2;
	case CONFIG_RUN:
		break;
	}
	if (config.check_state)
		return show_state(&config);
	set_up_log(&config);
	log_info("Starting coordinator", "version", MARBLERUN_VERSION, "commit", build_commit);
	if (run(&config, &err)) {
		log_info("Coordinator ended");
		return 0;
	}
	log_fatal("Coordinator cannot run", "error", err.message);
	return 1;
}
