/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What variables say of proxies, a line each of https_proxy and no_proxy; and behind these lines
 * what a proxy answers.
 */
#include "fuzz.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "net/proxy.h"

#include <stdlib.h>
#include <string.h>

/* What was read is read again from how it would be spelled without credentials. */
static void read_again(const struct net_proxy *proxy)
{
	const char *host = proxy->address.host;
	bool has_brackets = strchr(host, ':') || *host == '[';
	AUTO(auto_free)
	char *text = xasprintf("http://%s%s%s:%s/", has_brackets ? "[" : "", host,
		has_brackets ? "]" : "", proxy->address.port);
	AUTO(net_proxy_free) struct net_proxy same = { 0 };
	if (!net_proxy_parse(text, &same, FUZZ_ERR) || strcmp(same.address.host, host) != 0 ||
		strcmp(same.address.port, proxy->address.port) != 0 || same.credentials.size)
		abort();
}

static void read_proxy(const char *text, const char *no_proxy)
{
	AUTO(net_proxy_free) struct net_proxy proxy = { 0 };
	AUTO(buf_free) struct buf decoded = { 0 };
	if (!net_proxy_parse(text, &proxy, FUZZ_ERR)) {
		if (proxy.credentials.size)
			abort();
		return;
	}
	if (!*proxy.address.host ||
		!base64_decode(&decoded, buf_text(&proxy.credentials), proxy.credentials.size))
		abort();
	read_again(&proxy);
	if (net_proxy_is_exempt(NULL, proxy.address.host) ||
		!net_proxy_is_exempt("*", proxy.address.host))
		abort();
	(void)net_proxy_is_exempt(no_proxy, proxy.address.host);
}

/* Up to the end of the line, which is stepped over. */
static char *take_line(struct bytes *left)
{
	const char *start = left->data;
	const char *end = left->size ? memchr(start, '\n', left->size) : NULL;
	size_t length = end ? (size_t)(end - start) : left->size;
	size_t size = length + (end ? 1 : 0);
	*left = (struct bytes){ start + size, left->size - size };
	return xstrndup(start, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes left = { size ? (const char *)data : "", size };
	AUTO(auto_free) char *text = take_line(&left);
	AUTO(auto_free) char *no_proxy = take_line(&left);
	read_proxy(text, no_proxy);
	(void)net_proxy_is_exempt(no_proxy, "pccs.example");
	if (net_proxy_status(left) > 999)
		abort();
	return 0;
}
