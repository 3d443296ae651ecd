/* SPDX-License-Identifier: Apache-2.0 */
/* What variables say of proxies; that ways through them are taken is for the end-to-end tests. */
#include "unit.h"

#include "base/cleanup.h"
#include "net/proxy.h"

static void proxies_are_read_as_curl_reads_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *host;
		const char *port;
		const char *credentials;
	} proxies[] = {
		{ "http://proxy.example:3128", "proxy.example", "3128", "" },
		{ "HTTP://proxy.example:3128/", "proxy.example", "3128", "" },
		{ "proxy.example:3128", "proxy.example", "3128", "" },
		{ "proxy.example", "proxy.example", "1080", "" },
		{ "http://127.0.0.1", "127.0.0.1", "1080", "" },
		{ "http://[::1]:3128", "::1", "3128", "" },
		{ "http://[::1]", "::1", "1080", "" },
		{ "http://user:pass@proxy:1", "proxy", "1", "dXNlcjpwYXNz" },
		{ "user:p%40ss%3a@proxy:1", "proxy", "1", "dXNlcjpwQHNzOg==" },
		{ "http://us@er:x@proxy:1", "proxy", "1", "dXNAZXI6eA==" },
		{ "user:s://cret@proxy:1", "proxy", "1", "dXNlcjpzOi8vY3JldA==" },
	};
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
		AUTO(net_proxy_free) struct net_proxy proxy;
		struct error err = { 0 };
		assert_success(net_proxy_parse(proxies[i].text, &proxy, &err), err);
		assert_string_equal(proxy.address.host, proxies[i].host);
		assert_string_equal(proxy.address.port, proxies[i].port);
		assert_string_equal(buf_text(&proxy.credentials), proxies[i].credentials);
	}
}

static void what_is_no_proxy_is_refused_without_its_password(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum error_kind kind;
		const char *message;
	} wrong[] = {
		{ "socks5://proxy:1080", ERROR_UNSUPPORTED, "of the kind socks5 is not supported" },
		{ "https://user:secret@proxy:1", ERROR_UNSUPPORTED, "of the kind https" },
		{ "a+b-c.2://proxy:1", ERROR_UNSUPPORTED, "of the kind a+b-c.2 is" },
		{ "user:secret://@host:port", ERROR_INVALID, "no address of the form" },
		{ "secret@://host:1", ERROR_INVALID, "no address of the form" },
		{ "secret/://host:1", ERROR_INVALID, "no address of the form" },
		{ "secret_is_this://host:1", ERROR_INVALID, "no address of the form" },
		{ "1secret://host:1", ERROR_INVALID, "no address of the form" },
		{ "-secret://host:1", ERROR_INVALID, "no address of the form" },
		{ "secretsecretsecret://host:1", ERROR_INVALID, "no address of the form" },
		{ "://secret", ERROR_INVALID, "no address of the form" },
		{ "http://", ERROR_INVALID, "no address of the form" },
		{ "http://user:secret@", ERROR_INVALID, "no address of the form" },
		{ "http://user:secret%4@proxy:1", ERROR_INVALID, "no address of the form" },
		{ "http://user:secret@proxy:70000", ERROR_INVALID, "no address of the form" },
		{ "http://user:secret@proxy:1/path", ERROR_INVALID, "no address of the form" },
		{ "http://user:secret@::1:3128", ERROR_INVALID, "no address of the form" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct net_proxy proxy;
		struct error err = { 0 };
		assert_failure(net_proxy_parse(wrong[i].text, &proxy, &err), err, wrong[i].kind,
			wrong[i].message);
		assert_null(strstr(err.message, "secret"));
	}
}

static void exemptions_are_hosts_domains_or_all(void **state)
{
	(void)state;
	static const struct {
		const char *no_proxy;
		const char *host;
		bool is_exempt;
	} rows[] = {
		{ NULL, "pccs", false },
		{ "*", "pccs", true },
		{ "pccs", "pccs", true },
		{ "pccs", "PCCS", true },
		{ "localhost, pccs.example", "pccs.example", true },
		{ "a,,b\tpccs", "pccs", true },
		{ "example", "pccs.example", true },
		{ ".example", "pccs.example", true },
		{ ".example", "example", true },
		{ "ample", "pccs.example", false },
		{ "pccs.example", "example", false },
		{ "pccs.example2", "pccs.example", false },
		{ "127.0.0.1", "127.0.0.1", true },
		{ "[::1]", "::1", true },
		{ "::1", "::1", true },
		{ ".", "pccs", false },
		{ "[]", "pccs", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (net_proxy_is_exempt(rows[i].no_proxy, rows[i].host) != rows[i].is_exempt)
			fail_msg("%s: %s", rows[i].no_proxy, rows[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxies_are_read_as_curl_reads_them),
		cmocka_unit_test(what_is_no_proxy_is_refused_without_its_password),
		cmocka_unit_test(exemptions_are_hosts_domains_or_all),
	};
	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
