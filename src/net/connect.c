/* SPDX-License-Identifier: Apache-2.0 */
#include "net/connect.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_addrinfo, struct addrinfo *, freeaddrinfo)

static bool is_port(const char *text)
{
	unsigned long value;
	return strlen(text) <= 5 && number_parse(text, UINT16_MAX, &value) && value;
}

static bool is_ip(const char *host)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

bool net_address_parse(const char *text, struct net_address *address, struct error *err)
{
	const char *host = text;
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;
	bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
	if (bracketed) {
		host++;
		length -= 2;
	}
	if (!colon || !is_port(colon + 1) || length >= sizeof(address->host) ||
		(!bracketed && memchr(host, ':', length)))
		return error_set(err, ERROR_INVALID,
			"\"%s\" is no address: \"host:port\" or \"[IPv6]:port\" is expected", text);
	if (!length) {
		host = "localhost";
		length = strlen(host);
	}
	memcpy(address->host, host, length);
	address->host[length] = 0;
	snprintf(address->port, sizeof(address->port), "%s", colon + 1);
	address->is_ip = is_ip(address->host);
	return true;
}

/* Milliseconds until the next limit. */
static int time_left(const struct net_limits *limits)
{
	if (!limits->deadline)
		return limits->silence;
	int64_t left = limits->deadline - clock_steady();
	if (left >= limits->silence)
		return limits->silence;
	return left > 0 ? (int)left : 0;
}

bool net_wait(int fd, short events, const struct net_limits *limits, struct error *err)
{
	struct pollfd entries[] = {
		{ .fd = fd, .events = events },
		{ .fd = limits->give_up ? *limits->give_up : -1, .events = POLLIN },
	};
	for (;;) {
		int timeout = time_left(limits);
		int ready = timeout ? poll(entries, 2, timeout) : 0;
		if (ready > 0 && entries[1].revents)
			return error_set(err, ERROR_UNAVAILABLE, "given up, as the program ends");
		if (ready > 0)
			return true;
		/* also when there is something at each look, but too little of it */
		if (ready == 0 && timeout < limits->silence)
			return error_set(err, ERROR_UNAVAILABLE, "it takes too long");
		if (ready == 0)
			return error_set(err, ERROR_UNAVAILABLE, "no sign of life for %d seconds",
				(timeout + 999) / 1000);
		if (errno != EINTR)
			return error_errno(err, "poll");
	}
}

bool net_pause(int milliseconds, const struct net_limits *limits)
{
	struct pollfd entry = { .fd = limits->give_up ? *limits->give_up : -1, .events = POLLIN };
	if (limits->deadline && limits->deadline - clock_steady() <= milliseconds)
		return false;
	return poll(&entry, 1, milliseconds) == 0;
}

static bool finish_connect(int fd, const struct net_limits *limits, struct error *err)
{
	int reason = 0;
	socklen_t size = sizeof(reason);
	if (!net_wait(fd, POLLOUT, limits, err))
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size))
		return error_errno(err, "getsockopt");
	errno = reason;
	return reason == 0 || error_errno(err, "connect");
}

static int connect_to(
	const struct addrinfo *entry, const struct net_limits *limits, struct error *err)
{
	int one = 1;
	AUTO(auto_close)
	int fd = socket(entry->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		error_errno(err, "socket");
		return -1;
	}
	/* each message waits for its answer, so nothing is gained by collecting them */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, entry->ai_addr, entry->ai_addrlen)) {
		/* interrupted, it goes on as well */
		if (errno != EINPROGRESS && errno != EINTR) {
			error_errno(err, "connect");
			return -1;
		}
		if (!finish_connect(fd, limits, err))
			return -1;
	}
	return take_fd(&fd);
}

/* Appends "; <where>: <why>" to what is told of the attempts. */
static void note_failure(struct buf *failures, const char *where, const char *why)
{
	buf_printf(failures, "%s%s: %s", failures->size ? "; " : "", where, why);
}

/* Tries all addresses of one name. -1 when none answers. */
static int try_name(
	const char *name, const char *port, const struct net_limits *limits, struct buf *failures)
{
	AUTO(auto_addrinfo) struct addrinfo *list = NULL;
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	int problem = getaddrinfo(name, port, &wanted, &list);
	if (problem)
		note_failure(failures, name, gai_strerror(problem));
	for (const struct addrinfo *entry = list; entry; entry = entry->ai_next) {
		struct error err = { 0 };
		int fd = connect_to(entry, limits, &err);
		if (fd >= 0)
			return fd;
		char where[INET6_ADDRSTRLEN + 16] = "?";
		(void)getnameinfo(entry->ai_addr, entry->ai_addrlen, where, sizeof(where), NULL, 0,
			NI_NUMERICHOST);
		note_failure(failures, where, err.message);
	}
	return -1;
}

int net_connect(
	const struct net_address *address, const struct net_limits *limits, struct error *err)
{
	static const char *const loopback[] = { "127.0.0.1", "::1", NULL };
	const char *const given[] = { address->host, NULL };
	AUTO(buf_free) struct buf failures = { 0 };
	for (const char *const *name = strcmp(address->host, "localhost") ? given : loopback; *name;
		name++) {
		int fd = try_name(*name, address->port, limits, &failures);
		if (fd >= 0)
			return fd;
	}
	error_set(err, ERROR_UNAVAILABLE, "nobody answers at port %s (%s)", address->port,
		buf_text(&failures));
	return -1;
}
