/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include "base/cleanup.h"
#include "base/hex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "https://"

/* Printable ASCII but for what would end the request line, or has a meaning that is not ours. */
static bool has_only_url_characters(const char *text)
{
	for (; *text; text++) {
		if (!isgraph((unsigned char)*text) || strchr("\"#<>\\^`{|}", *text))
			return false;
	}
	return true;
}

bool net_url_parse(const char *text, struct net_url *url, struct error *err)
{
	size_t scheme = strlen(SCHEME);
	const char *host = text + scheme;
	if (strlen(text) > NET_URL_MAX || strncmp(text, SCHEME, scheme) != 0 ||
		!has_only_url_characters(host))
		return error_set(err, ERROR_INVALID,
			"\"%.100s\" is no address of the form https://host:port/path/", text);
	size_t length = strcspn(host, "/?");
	url->target = host + length;
	if (!length || length >= sizeof(url->authority) || memchr(host, '@', length))
		return error_set(err, ERROR_INVALID, "\"%.100s\" names no host", text);
	memcpy(url->authority, host, length);
	url->authority[length] = 0;
	const char *bracket = strchr(url->authority, ']');
	bool has_port = strchr(bracket ? bracket : url->authority, ':') != NULL;
	char address[sizeof(url->authority) + sizeof(":443")];
	snprintf(address, sizeof(address), "%s%s", url->authority, has_port ? "" : ":443");
	return net_address_parse(address, &url->address, err);
}

void net_url_put_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf_put(out, text, 1);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

bool net_url_put_decoded(struct buf *out, struct bytes text)
{
	const char *next = text.data;
	for (size_t left = text.size; left;) {
		uint8_t decoded = (uint8_t)*next;
		size_t size = 1;
		if (*next == '%') {
			AUTO(buf_free) struct buf byte = { 0 };
			if (left < 3 || !hex_decode(&byte, next + 1, 2) || !byte.data[0])
				return false;
			decoded = byte.data[0];
			size = 3;
		}
		buf_put_u8(out, decoded);
		next += size;
		left -= size;
	}
	return true;
}
