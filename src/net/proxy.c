/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "net/url.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define SCHEME       "http://"
#define DEFAULT_PORT "1080" /* as curl has it */
#define SCHEME_MAX   16
#define ANSWER_MAX   8192
#define STATUS_AT    9 /* in "HTTP/1.1 200 Connection established" */

#define STATUS_NEEDS_CREDENTIALS 407

static const char *environment(const char *name, const char *other_name)
{
	const char *value = getenv(name);
	if (!value || !*value)
		value = getenv(other_name);
	return value && *value ? value : NULL;
}

void net_proxy_free(struct net_proxy *proxy)
{
	buf_free(&proxy->credentials);
}

/* "user:password" in front of an @, in which %XX stands for what would mean something else. */
static bool read_credentials(struct bytes text, struct net_proxy *proxy)
{
	AUTO(buf_free) struct buf decoded = { 0 };
	if (!net_url_put_decoded(&decoded, text))
		return false;
	base64_encode(&proxy->credentials, decoded.data, decoded.size);
	return true;
}

static bool read_address(const char *text, struct net_proxy *proxy)
{
	size_t length = strcspn(text, "/");
	const char *bracket = memchr(text, ']', length);
	const char *host_end = bracket ? bracket : text;
	bool has_port = memchr(host_end, ':', length - (size_t)(host_end - text)) != NULL;
	AUTO(auto_free)
	char *address = xasprintf("%.*s%s", (int)length, text, has_port ? "" : ":" DEFAULT_PORT);
	const char *rest = text + length;
	return length && (!*rest || !strcmp(rest, "/")) &&
	       net_address_parse(address, &proxy->address, NULL);
}

/* Of the scheme in front of "://"; 0 for none, as what stands there may be of a password. */
static int scheme_length(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "0123456789+-.";
	size_t length = strspn(text, letters);
	while (length && text[length] &&
		(strchr(letters, text[length]) || strchr(others, text[length])))
		length++;
	return length <= SCHEME_MAX && !strncmp(text + length, "://", 3) ? (int)length : 0;
}

bool net_proxy_parse(const char *text, struct net_proxy *proxy, struct error *err)
{
	*proxy = (struct net_proxy){ 0 };
	int length = scheme_length(text);
	if (length && strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"a proxy of the kind %.*s is not supported: name one with " SCHEME, length,
			text);
	const char *start = length ? text + length + strlen("://") : text;
	const char *at = strrchr(start, '@');
	struct bytes credentials = { start, at ? (size_t)(at - start) : 0 };
	if ((!credentials.size || read_credentials(credentials, proxy)) &&
		read_address(at ? at + 1 : start, proxy))
		return true;
	net_proxy_free(proxy);
	/* not with what was given, in which there may be a password */
	return error_set(err, ERROR_INVALID,
		"it is no address of the form " SCHEME "host:port or " SCHEME
		"user:password@host:port");
}

/* One entry of no_proxy: a host, or a domain that it is in. */
static bool matches(const char *entry, size_t length, const char *host)
{
	size_t host_length = strlen(host);
	if (length && *entry == '.') {
		entry++;
		length--;
	}
	if (length > 1 && *entry == '[' && entry[length - 1] == ']') {
		entry++;
		length -= 2;
	}
	if (!length || length > host_length)
		return false;
	const char *end = host + host_length - length;
	return !strncasecmp(end, entry, length) && (end == host || end[-1] == '.');
}

bool net_proxy_is_exempt(const char *no_proxy, const char *host)
{
	static const char separators[] = ", \t";
	if (!no_proxy)
		return false;
	if (!strcmp(no_proxy, "*"))
		return true;
	for (const char *entry = no_proxy; *entry;) {
		size_t length = strcspn(entry, separators);
		if (matches(entry, length, host))
			return true;
		entry += length;
		entry += strspn(entry, separators);
	}
	return false;
}

static bool send_all(int fd, struct bytes data, const struct net_limits *limits, struct error *err)
{
	const char *next = data.data;
	for (size_t left = data.size; left;) {
		ssize_t sent = send(fd, next, left, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return error_errno(err, "send");
		if (sent < 0 && errno == EAGAIN && !net_wait(fd, POLLOUT, limits, err))
			return false;
		next += sent > 0 ? sent : 0;
		left -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

/* Up to the empty line and no further: what follows is of the connection that it opens. */
static bool receive_head(
	int fd, const struct net_limits *limits, struct buf *head, struct error *err)
{
	while (head->size < 4 || memcmp(head->data + head->size - 4, "\r\n\r\n", 4) != 0) {
		char c;
		if (head->size == ANSWER_MAX)
			return error_set(err, ERROR_INVALID, "its answer is too long");
		ssize_t got = recv(fd, &c, 1, 0);
		if (got < 0 && errno == EAGAIN) {
			if (!net_wait(fd, POLLIN, limits, err))
				return false;
		} else if (got < 0 && errno != EINTR) {
			return error_set(err, ERROR_UNAVAILABLE, "it closed the connection: %m");
		} else if (got == 0) {
			return error_set(err, ERROR_UNAVAILABLE, "it closed the connection");
		} else if (got > 0) {
			buf_put(head, &c, 1);
		}
	}
	return true;
}

unsigned net_proxy_status(struct bytes head)
{
	const char *text = head.data;
	if (head.size < STATUS_AT + 3 || memcmp(text, "HTTP/1.", 7) != 0)
		return 0;
	unsigned status = 0;
	for (size_t i = STATUS_AT; i < STATUS_AT + 3; i++) {
		if (!isdigit((unsigned char)text[i]))
			return 0;
		status = 10 * status + (unsigned)(text[i] - '0');
	}
	return status;
}

static bool check_status(unsigned status, const struct net_address *target, struct error *err)
{
	if (status >= 200 && status < 300)
		return true;
	if (!status)
		return error_set(err, ERROR_INVALID, "it is no proxy that speaks HTTP");
	if (status == STATUS_NEEDS_CREDENTIALS)
		return error_set(err, ERROR_INVALID,
			"it demands other credentials: name them, as in " SCHEME
			"user:password@host:port");
	return error_set(err, status >= 500 ? ERROR_UNAVAILABLE : ERROR_INVALID,
		"it opens no way to %s port %s (HTTP status %u)", target->host, target->port,
		status);
}

static bool open_way(int fd, const struct net_proxy *proxy, const struct net_address *target,
	const struct net_limits *limits, struct error *err)
{
	AUTO(buf_free) struct buf request = { 0 };
	AUTO(buf_free) struct buf head = { 0 };
	bool is_ipv6 = strchr(target->host, ':') != NULL;
	AUTO(auto_free)
	char *authority = xasprintf(
		"%s%s%s:%s", is_ipv6 ? "[" : "", target->host, is_ipv6 ? "]" : "", target->port);
	buf_printf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: marblerun\r\n",
		authority, authority);
	if (proxy->credentials.size)
		buf_printf(&request, "Proxy-Authorization: Basic %s\r\n",
			buf_text(&proxy->credentials));
	buf_put_text(&request, "\r\n");
	return send_all(fd, buf_bytes(&request), limits, err) &&
	       receive_head(fd, limits, &head, err) &&
	       check_status(net_proxy_status(buf_bytes(&head)), target, err);
}

int net_connect_by_proxy(
	const struct net_address *address, const struct net_limits *limits, struct error *err)
{
	const char *https = environment("https_proxy", "HTTPS_PROXY");
	const char *named = https ? https : environment("all_proxy", "ALL_PROXY");
	AUTO(net_proxy_free) struct net_proxy proxy = { 0 };
	if (!named || net_proxy_is_exempt(environment("no_proxy", "NO_PROXY"), address->host))
		return net_connect(address, limits, err);
	if (!net_proxy_parse(named, &proxy, err)) {
		error_prefix(err, "%s", https ? "https_proxy" : "all_proxy");
		return -1;
	}
	AUTO(auto_close) int fd = net_connect(&proxy.address, limits, err);
	if (fd >= 0 && open_way(fd, &proxy, address, limits, err))
		return take_fd(&fd);
	error_prefix(err, "proxy %s port %s", proxy.address.host, proxy.address.port);
	return -1;
}
