/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pccs_check.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define CONFIG       "/etc/sgx_default_qcnl.conf"
#define CONFIG_MAX   65536
#define WAIT_SECONDS 10L

static const char edit[] = "set pccs_url in " CONFIG " to the address of a PCCS that runs, as "
			   "https://pccs.example:8081/sgx/certification/v4/";

/*
 * The value of a setting, in the old format (KEY=value) and in JSON with comments: what follows the
 * name up to the end of the line, the comma or the quotation mark. NULL if it is not there.
 */
static char *setting(const char *config, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = config; *line; line += strcspn(line, "\n")) {
		line += strspn(line, "\n");
		const char *start = line + strspn(line, " \t\"{");
		if (strncasecmp(start, name, length) != 0)
			continue;
		start += length;
		start += strspn(start, " \t\":=");
		return xstrndup(start, strcspn(start, "\", \t\r\n}"));
	}
	return NULL;
}

static size_t ignore(char *data, size_t size, size_t count, void *unused)
{
	(void)data;
	(void)unused;
	return size * count;
}

static CURLcode ask(const char *url, bool is_secure, char reason[CURL_ERROR_SIZE])
{
	CURL *curl = curl_easy_init();
	reason[0] = 0;
	if (!curl)
		return CURLE_FAILED_INIT;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, is_secure ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, is_secure ? 2L : 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, WAIT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return code;
}

static void check_address(const char *address, bool is_secure, struct host_check *check)
{
	char reason[CURL_ERROR_SIZE];
	/* any answer will do: which requests it knows depends on its generation */
	AUTO(auto_free) char *url = xasprintf("%srootcacrl", address);
	CURLcode code = ask(url, is_secure, reason);
	buf_printf(&check->detail, "%s%s%s", address, code == CURLE_OK ? "" : ": ",
		code == CURLE_OK ? " answers"
		: *reason        ? reason
				 : curl_easy_strerror(code));
	check->outcome = code == CURLE_OK ? HOST_GOOD : HOST_BAD;
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		buf_put_text(&check->repair,
			"install the certificate of its CA (sudo cp ca.crt "
			"/usr/local/share/ca-certificates/ && sudo update-ca-certificates), or set "
			"use_secure_cert to false in " CONFIG ": collateral is signed anyway");
	else if (code != CURLE_OK)
		buf_printf(&check->repair,
			"start the PCCS (sudo systemctl start pccs), open its port, or %s", edit);
}

void pccs_check_run(const char *root, struct host_check *check)
{
	AUTO(auto_free) char *path = xasprintf("%s" CONFIG, root);
	AUTO(buf_free) struct buf config = { 0 };
	struct error err = { 0 };
	check->name = "the PCCS answers";
	check->outcome = HOST_BAD;
	if (!file_read(path, CONFIG_MAX, &config, &err)) {
		buf_put_text(&check->detail, err.message);
		buf_put_text(&check->repair, "sudo apt-get install libsgx-dcap-default-qpl; ");
		buf_put_text(&check->repair, edit);
		return;
	}
	AUTO(auto_free) char *address = setting(buf_text(&config), "pccs_url");
	AUTO(auto_free) char *secure = setting(buf_text(&config), "use_secure_cert");
	if (!address || !*address) {
		buf_put_text(&check->detail, CONFIG " names no pccs_url");
		buf_put_text(&check->repair, edit);
		return;
	}
	check_address(address, !secure || strcasecmp(secure, "false") != 0, check);
}
