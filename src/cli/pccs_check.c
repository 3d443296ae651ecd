/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pccs_check.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "net/get.h"
#include "pccs/qcnl.h"

#define ANSWER_MAX 65536
#define SILENCE    10000 /* milliseconds */
#define PATIENCE   15000 /* milliseconds for all of an answer */

#define STATUS_OK         200
#define STATUS_TOO_MANY   429
#define STATUS_UNKNOWN    461 /* of a PCCS: platform, certificates */
#define STATUS_NO_CERTS   462
#define STATUS_ITS_FAULTS 500

static const char edit[] = "set pccs_url in " QCNL_DEFAULT_PATH " to the address of a PCCS that "
			   "runs, as https://pccs.example:8081/sgx/certification/v4/";

/* Why there is no answer. */
static void tell_failure(
	const struct qcnl *config, const struct error *err, struct host_check *check)
{
	buf_printf(&check->detail, "%s: %s", config->service, err->message);
	if (err->kind == ERROR_DENIED)
		buf_put_text(&check->repair,
			"install the certificate of its CA (sudo cp ca.crt "
			"/usr/local/share/ca-certificates/ && sudo update-ca-certificates), or set "
			"use_secure_cert to false in " QCNL_DEFAULT_PATH
			": collateral is signed anyway");
	else
		buf_printf(&check->repair,
			"start the PCCS (sudo systemctl start pccs), open its port, or %s", edit);
}

static void judge_status(const struct qcnl *config, unsigned status, struct host_check *check)
{
	if (status == STATUS_OK || status == STATUS_TOO_MANY || status == STATUS_UNKNOWN ||
		status == STATUS_NO_CERTS) {
		check->outcome = HOST_GOOD;
		buf_printf(&check->detail, "%s answers", config->service);
	} else if (status >= STATUS_ITS_FAULTS) {
		buf_printf(&check->detail, "%s: it cannot answer at the moment (HTTP status %u)",
			config->service, status);
		buf_put_text(&check->repair,
			"see its log (journalctl -u pccs): it may not reach Intel's service, or lack "
			"a key for it");
	} else {
		buf_printf(&check->detail,
			"%s: something answers that is no PCCS, or one without collateral (HTTP "
			"status %u)",
			config->service, status);
		buf_printf(&check->repair, "is its address right? If not, %s", edit);
	}
}

static void ask(const struct qcnl *config, struct host_check *check)
{
	struct error err = { 0 };
	AUTO(auto_ssl_ctx) SSL_CTX *tls = net_get_tls(config->is_secure, NULL, &err);
	const struct net_get get = {
		.tls = tls,
		.is_secure = config->is_secure,
		.by_proxy = true,
		.body_max = ANSWER_MAX,
		.limits = { .silence = SILENCE, .deadline = clock_steady() + PATIENCE },
	};
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	/* which every generation has, and Intel's own service */
	AUTO(auto_free) char *url = xasprintf("%sqe/identity", config->service);
	if (tls && net_get(&get, url, &answer, &err))
		judge_status(config, answer.status, check);
	else
		tell_failure(config, &err, check);
}

void pccs_check_run(const char *root, struct host_check *check)
{
	AUTO(auto_free) char *path = xasprintf("%s" QCNL_DEFAULT_PATH, root);
	AUTO(buf_free) struct buf text = { 0 };
	AUTO(qcnl_free) struct qcnl config = { 0 };
	struct error err = { 0 };
	check->name = "the PCCS answers";
	check->outcome = HOST_BAD;
	if (!file_read(path, QCNL_MAX, &text, &err)) {
		buf_put_text(&check->detail, err.message);
		buf_put_text(&check->repair, "sudo apt-get install libsgx-dcap-default-qpl; ");
		buf_put_text(&check->repair, edit);
	} else if (!qcnl_parse(buf_bytes(&text), &config, &err)) {
		buf_printf(&check->detail, "%s: %s", path, err.message);
		buf_put_text(&check->repair, edit);
	} else {
		ask(&config, check);
	}
}
