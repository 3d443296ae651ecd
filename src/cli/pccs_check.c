/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pccs_check.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"
#include "net/get.h"
#include "pccs/qcnl.h"

#define ANSWER_MAX 65536
#define SILENCE    10000 /* milliseconds */

static const char edit[] = "set pccs_url in " QCNL_DEFAULT_PATH " to the address of a PCCS that "
			   "runs, as https://pccs.example:8081/sgx/certification/v4/";

static void ask(const struct qcnl *config, struct host_check *check)
{
	struct error err = { 0 };
	AUTO(auto_ssl_ctx) SSL_CTX *tls = net_get_tls(config->is_secure, NULL, &err);
	const struct net_get get = {
		.tls = tls,
		.is_secure = config->is_secure,
		.by_proxy = true,
		.body_max = ANSWER_MAX,
		.limits = { .silence = SILENCE },
	};
	AUTO(net_answer_free) struct net_answer answer = { 0 };
	/* any answer will do: which requests it knows depends on its generation */
	AUTO(auto_free) char *url = xasprintf("%srootcacrl", config->service);
	if (tls && net_get(&get, url, &answer, &err)) {
		check->outcome = HOST_GOOD;
		buf_printf(&check->detail, "%s answers", config->service);
		return;
	}
	buf_printf(&check->detail, "%s: %s", config->service, err.message);
	if (err.kind == ERROR_DENIED)
		buf_put_text(&check->repair,
			"install the certificate of its CA (sudo cp ca.crt "
			"/usr/local/share/ca-certificates/ && sudo update-ca-certificates), or set "
			"use_secure_cert to false in " QCNL_DEFAULT_PATH
			": collateral is signed anyway");
	else
		buf_printf(&check->repair,
			"start the PCCS (sudo systemctl start pccs), open its port, or %s", edit);
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
