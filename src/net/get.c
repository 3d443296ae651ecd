/* SPDX-License-Identifier: Apache-2.0 */
#include "net/get.h"

#include "base/clock.h"
#include "net/transport.h"
#include "net/url.h"

#define READ_SIZE 16384
/* Of what is received; chunks take more than the body in them, but not without end. */
#define RECEIVED_MAX(body_max) (2 * (body_max) + NET_ANSWER_HEAD_MAX)

SSL_CTX *net_get_tls(bool is_secure, const char *ca_file, struct error *err)
{
	AUTO(auto_ssl_ctx) SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (!tls || SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1) {
		crypto_error(err, ERROR_INTERNAL, "cannot set up TLS");
		return NULL;
	}
	SSL_CTX_set_verify(tls, is_secure ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (is_secure && ca_file && SSL_CTX_load_verify_file(tls, ca_file) != 1) {
		crypto_error(err, ERROR_INVALID, "cannot use its certificates");
		error_prefix(err, "%s", ca_file);
		return NULL;
	}
	if (is_secure && !ca_file && SSL_CTX_set_default_verify_paths(tls) != 1) {
		crypto_error(err, ERROR_INTERNAL, "cannot use the system's authorities");
		return NULL;
	}
	return TAKE(tls);
}

static bool send_request(
	struct net_transport *transport, const struct net_url *url, struct error *err)
{
	AUTO(buf_free) struct buf request = { 0 };
	buf_printf(&request,
		"GET %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: marblerun\r\nAccept: */*\r\n"
		"Connection: close\r\n\r\n",
		*url->target == '/' ? "" : "/", url->target, url->authority);
	return net_transport_write(transport, buf_bytes(&request), err);
}

static bool receive(struct net_transport *transport, size_t body_max, struct net_answer *answer,
	struct error *err)
{
	AUTO(buf_free) struct buf received = { 0 };
	for (;;) {
		size_t size = 0;
		uint8_t room[READ_SIZE];
		const struct net_limits *limits = &transport->options->limits;
		if (limits->deadline && clock_steady() >= limits->deadline)
			return error_set(err, ERROR_UNAVAILABLE, "it takes too long");
		if (!net_transport_read(transport, room, sizeof(room), &size, err))
			return false;
		buf_put(&received, room, size);
		if (received.size > RECEIVED_MAX(body_max))
			return error_set(
				err, ERROR_INVALID, "its answer is no good: it is too long");
		switch (net_answer_read(buf_bytes(&received), !size, body_max, answer, err)) {
		case NET_ANSWER_COMPLETE:
			return true;
		case NET_ANSWER_BAD:
			return false;
		case NET_ANSWER_INCOMPLETE:
			break;
		}
	}
}

bool net_get(
	const struct net_get *get, const char *url, struct net_answer *answer, struct error *err)
{
	AUTO(net_transport_close) struct net_transport transport = { 0 };
	struct net_url parsed;
	const struct net_transport_options options = {
		.tls = get->tls,
		.protocol = "\x08http/1.1",
		.checks_name = get->is_secure,
		.by_proxy = get->by_proxy,
		.limits = get->limits,
		.if_no_protocol = "it does not speak HTTP/1.1",
		.if_no_tls = "it does not speak HTTPS",
	};
	*answer = (struct net_answer){ 0 };
	if (!net_url_parse(url, &parsed, err))
		return false;
	return (net_transport_open(&transport, &parsed.address, &options, err) &&
		       send_request(&transport, &parsed, err) &&
		       receive(&transport, get->body_max, answer, err)) ||
	       error_prefix(err, "https://%s", parsed.authority);
}
