/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/number.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG 1024

DEFINE_AUTO_FREE(auto_addrinfo, struct addrinfo *, freeaddrinfo)

static bool split_address(const char *address, char **host, char **port, struct error *err)
{
	const char *colon = strrchr(address, ':');
	unsigned long number;
	size_t length = colon ? (size_t)(colon - address) : 0;
	bool in_brackets = length >= 2 && address[0] == '[' && colon[-1] == ']';
	/* the resolver would take the port modulo 65536 */
	if (!colon || !number_parse(colon + 1, UINT16_MAX, &number) ||
		(!in_brackets && memchr(address, ':', length)))
		return error_set(err, ERROR_INVALID, "HOST:PORT, [IPv6]:PORT or :PORT is expected");
	if (in_brackets)
		*host = xstrndup(address + 1, length - 2);
	else if (length)
		*host = xstrndup(address, length);
	*port = xstrdup(colon + 1);
	return true;
}

static struct addrinfo *resolve(const char *address, int family, struct error *err)
{
	AUTO(auto_free) char *host = NULL; /* stays NULL for every interface */
	AUTO(auto_free) char *port = NULL;
	if (!split_address(address, &host, &port, err))
		return NULL;
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	struct addrinfo *found = NULL;
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure)
		error_set(err, ERROR_INVALID, "cannot find the host: %s", gai_strerror(failure));
	return found;
}

/* A socket bound to the address, listening unless it is only a probe. */
static int open_listener(const struct addrinfo *where, bool share, struct error *err)
{
	const int on = 1;
	const int off = 0;
	int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
		(!share || !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))) &&
		/* without the option IPv4 peers are served or not as the system's default says */
		(where->ai_family != AF_INET6 ||
			!setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
			errno == ENOPROTOOPT) &&
		!bind(fd, where->ai_addr, where->ai_addrlen) && !listen(fd, BACKLOG))
		return fd;
	error_errno(err, "cannot listen");
	auto_close(&fd);
	return -1;
}

static void set_port(struct addrinfo *where, int listener)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	if (!getsockname(listener, (struct sockaddr *)&bound, &size) && size <= where->ai_addrlen)
		memcpy(where->ai_addr, &bound, size);
}

static bool open_all(struct addrinfo *where, int *listeners, size_t count, struct error *err)
{
	/* sockets that share a port do not notice that another process has it: try alone first */
	AUTO(auto_close) int probe = open_listener(where, false, err);
	if (probe < 0)
		return false;
	set_port(where, probe);
	if (count == 1) {
		listeners[0] = probe;
		probe = -1;
		return true;
	}
	auto_close(&probe);
	probe = -1;
	for (size_t i = 0; i < count; i++) {
		listeners[i] = open_listener(where, true, err);
		if (listeners[i] >= 0)
			continue;
		while (i > 0)
			close(listeners[--i]);
		return false;
	}
	return true;
}

static void describe(const struct addrinfo *where, char *text, size_t size)
{
	char host[NI_MAXHOST] = "";
	char port[NI_MAXSERV] = "";
	getnameinfo(where->ai_addr, where->ai_addrlen, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, where->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool try_family(const char *address, int family, int *listeners, size_t count, char *bound,
	size_t bound_size, struct error *err)
{
	AUTO(auto_addrinfo) struct addrinfo *where = resolve(address, family, err);
	if (!where || !open_all(where, listeners, count, err))
		return error_prefix(err, "\"%s\"", address);
	describe(where, bound, bound_size);
	return true;
}

/* An IPv6 socket serves both families; some machines and enclaves have no IPv6. */
static bool has_ipv6(void)
{
	AUTO(auto_close) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0;
}

bool listen_on(const char *address, int *listeners, size_t count, char *bound, size_t bound_size,
	struct error *err)
{
	int family = *address != ':' ? AF_UNSPEC : has_ipv6() ? AF_INET6 : AF_INET;
	return try_family(address, family, listeners, count, bound, bound_size, err);
}
