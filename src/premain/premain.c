/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/premain.h"

#include "attest/issuer.h"
#include "attest/tsm.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "premain/activation.h"
#include "premain/environment.h"
#include "premain/files.h"
#include "premain/hints.h"
#include "premain/quote.h"
#include "premain/ttls.h"
#include "premain/uuid_file.h"

#include <string.h>
#include <sys/prctl.h>

/* Text that peers had a hand in does not get to play with the terminal. */
static void put_visible(struct buf *out, const char *text)
{
	for (; *text; text++) {
		bool hidden = ((uint8_t)*text < 0x20 && *text != '\n') || *text == 0x7f;
		buf_put_u8(out, hidden ? '?' : (uint8_t)*text);
	}
}

void premain_report(const struct error *err, const char *hint)
{
	if (settings_want_json() && hint) {
		log_fatal(err->message, "hint", hint);
		return;
	}
	if (settings_want_json()) {
		log_fatal(err->message);
		return;
	}
	AUTO(buf_free) struct buf text = { 0 };
	buf_put_text(&text, "Error: ");
	put_visible(&text, err->message);
	buf_printf(&text, "%s%s\n", hint ? "\nHint: " : "", hint ? hint : "");
	/* nothing is left to tell about a stderr that cannot be written */
	(void)file_write_all(STDERR_FILENO, text.data, text.size);
}

/* Steps 3 to 7: everything that comes before the Coordinator's answer. */
static Rpc__ActivationResp *request_activation(
	const struct settings *settings, enum libos libos, struct error *err)
{
	AUTO(identity_free) struct identity identity = { 0 };
	AUTO(buf_free) struct buf request = { 0 };
	AUTO(buf_free) struct buf quote = { 0 };
	char uuid[UUID_TEXT_SIZE];
	log_info("loading TLS Credentials");
	if (!identity_create(settings->dns_names, &identity, err))
		return NULL;
	log_info("loading UUID");
	if (!uuid_file_load(settings->uuid_file, uuid, err))
		return NULL;
	log_info("generating CSR");
	if (!identity_put_request(&identity, &request, err))
		return NULL;
	log_info("generating quote");
	quote_put(libos, libos == LIBOS_VM ? TSM_REPORT_FOLDER : ATTESTATION_FOLDER, identity.cert,
		&quote);
	AUTO(auto_free)
	char *line = xasprintf("activating marble of type %s", settings->marble_type);
	log_info(line);
	log_debug("calling the Coordinator", "address", settings->coordinator, "UUID", uuid);
	return activation_call(
		settings, &identity, uuid, buf_bytes(&request), buf_bytes(&quote), err);
}

void workload_free(struct workload *workload)
{
	environment_free(workload->env);
	for (char **argument = workload->argv; argument && *argument; argument++)
		free(*argument);
	free(workload->argv);
	*workload = (struct workload){ 0 };
}

static char **copy_list(char *const *list, size_t count)
{
	char **copy = xcalloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

/* Steps 8 to 11. Everything that can be wrong with the answer is found before the first write. */
static bool install(const Rpc__Parameters *parameters, enum libos libos, struct workload *workload,
	struct error *err)
{
	AUTO(file_plan_free) struct file_plan plan = { 0 };
	if (!ttls_check_absent(parameters, err) ||
		!files_plan(parameters, libos, ATTESTATION_FOLDER, &plan, err))
		return false;
	char **environment = environment_build(environ, parameters, err);
	if (!environment)
		return false;
	log_info("creating files from manifest");
	if (!files_write(&plan, err)) {
		environment_free(environment);
		return false;
	}
	log_info("setting env vars from manifest");
	workload->env = environment;
	workload->argv =
		parameters->n_argv ? copy_list(parameters->argv, parameters->n_argv) : NULL;
	return true;
}

static bool activate(enum libos libos, struct workload *workload, struct error *err)
{
	AUTO(settings_free) struct settings settings = { 0 };
	log_info("starting PreMain");
	log_info("fetching env variables");
	if (!settings_read(&settings, err)) {
		log_error(err->message);
		return false;
	}
	AUTO(auto_activation_response)
	Rpc__ActivationResp *response = request_activation(&settings, libos, err);
	return response && install(response->parameters, libos, workload, err);
}

static void log_libos(enum libos libos)
{
	if (libos == LIBOS_NONE) {
		log_info("detected no libOS: running outside of an enclave, for development and "
			 "simulation only");
	} else if (libos == LIBOS_VM) {
		log_info("detected no libOS: running in a confidential VM");
	} else {
		AUTO(auto_free) char *line = xasprintf("detected libOS: %s", libos_name(libos));
		log_info(line);
	}
}

static bool detect_libos(enum libos *libos, struct error *err)
{
	struct utsname system;
	if (uname(&system))
		return error_errno(err, "uname");
	if (!libos_detect(&system, ATTESTATION_FOLDER, TSM_REPORT_FOLDER, libos, err))
		return error_prefix(err, "failed to detect libOS");
	log_libos(*libos);
	return true;
}

static bool prepare_and_activate(struct workload *workload, struct error *err)
{
	enum libos libos = LIBOS_NONE;
	if (!detect_libos(&libos, err))
		return false;
	if (!activate(libos, workload, err))
		return error_prefix(err, "activating %s Marble failed", libos_name(libos));
	log_info("done with PreMain");
	return true;
}

bool premain_run(struct workload *workload)
{
	struct error err = { 0 };
	bool json = settings_want_json();
	/* before anything that the variables of the host could direct: resolver, time zone, … */
	environment_filter(environ);
	/* refused by runtimes that have no such call, and need none */
	(void)prctl(PR_SET_DUMPABLE, 0);
	log_configure(json && settings_want_debug() ? LOG_DEBUG : LOG_INFO,
		json ? LOG_JSON : LOG_PREMAIN);
	crypto_setup();
	if (prepare_and_activate(workload, &err))
		return true;
	premain_report(&err, hint_for(err.message));
	return false;
}
