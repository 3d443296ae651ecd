/* SPDX-License-Identifier: Apache-2.0 */
/* A server that runs in a thread of its own until the test ends, and raw connections to it. */
#ifndef TESTS_GRPC_SERVER_FIXTURE_H
#define TESTS_GRPC_SERVER_FIXTURE_H

#include "base/memory.h"
#include "crypto/tls_server.h"
#include "grpc/server.h"
#include "http2_frames.h"
#include "tls_peer.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

struct fixture {
	struct credentials server;
	struct credentials client;
	struct tls_server_config tls_config;
	bool has_identity;
	SSL_CTX *server_tls;
	SSL_CTX *client_tls;
	struct event_base *base;
	struct grpc_server *grpc;
	char address[32];
	pthread_t thread;
	int stop[2];
	int gone[2]; /* gets a byte for each call whose peer went away */
	struct grpc_call *held;
};

static bool give_identity(void *context, X509 **certificate, EVP_PKEY **key)
{
	struct fixture *fixture = context;
	if (!fixture->has_identity)
		return false;
	*certificate = fixture->server.cert;
	*key = fixture->server.key;
	return X509_up_ref(*certificate) && EVP_PKEY_up_ref(*key);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	event_base_loopbreak(context);
}

static void *run_loop(void *context)
{
	struct fixture *fixture = context;
	struct event *stop =
		event_new(fixture->base, fixture->stop[0], EV_READ, on_stop, fixture->base);
	event_add(stop, NULL);
	event_base_dispatch(fixture->base);
	event_free(stop);
	grpc_server_free(fixture->grpc);
	event_base_free(fixture->base);
	return NULL;
}

static struct fixture *start_server(
	const struct grpc_method *methods, size_t connections_max, unsigned idle_seconds)
{
	struct fixture *fixture = xcalloc(1, sizeof(*fixture));
	struct error err = { 0 };
	signal(SIGPIPE, SIG_IGN);
	fixture->server = make_credentials();
	fixture->client = make_credentials();
	fixture->tls_config = (struct tls_server_config){
		.protocol = "\x02h2",
		.requires_certificate = true,
		.get_identity = give_identity,
		.context = fixture,
	};
	fixture->has_identity = true;
	fixture->server_tls = tls_server_new(&fixture->tls_config, &err);
	assert_success(fixture->server_tls, err);
	fixture->client_tls = new_tls(TLS_client_method(), &fixture->client);
	fixture->base = event_base_new();
	assert_int_equal(pipe(fixture->stop) | pipe(fixture->gone), 0);
	struct grpc_server_config config = {
		.base = fixture->base,
		.listener = new_listener(SOCK_NONBLOCK, fixture->address),
		.tls = fixture->server_tls,
		.methods = methods,
		.connections_max = connections_max,
		.idle_seconds = idle_seconds,
	};
	fixture->grpc = grpc_server_new(&config, &err);
	assert_success(fixture->grpc, err);
	return fixture;
}

/* Apart from start_server, so that methods can be given the fixture as their context. */
static void run_server(struct fixture *fixture)
{
	assert_int_equal(pthread_create(&fixture->thread, NULL, run_loop, fixture), 0);
}

static void stop_server(struct fixture *fixture)
{
	close(fixture->stop[1]);
	pthread_join(fixture->thread, NULL);
	close(fixture->stop[0]);
	close(fixture->gone[0]);
	close(fixture->gone[1]);
	SSL_CTX_free(fixture->server_tls);
	SSL_CTX_free(fixture->client_tls);
	free_credentials(&fixture->server);
	free_credentials(&fixture->client);
	free(fixture);
}

static SSL *connect_raw(struct fixture *fixture, const char *alpn)
{
	SSL *ssl = SSL_new(fixture->client_tls);
	if (alpn)
		SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	SSL_set_fd(ssl, connect_plain(fixture->address));
	SSL_connect(ssl);
	return ssl;
}

static void close_raw(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

static void send_raw(SSL *ssl, const struct buf *data)
{
	size_t written;
	(void)SSL_write_ex(ssl, data->data, data->size, &written);
}

/* Reads exactly size bytes. */
static bool read_raw(SSL *ssl, void *data, size_t size)
{
	uint8_t *next = data;
	while (size) {
		size_t got;
		if (SSL_read_ex(ssl, next, size, &got) != 1)
			return false;
		next += got;
		size -= got;
	}
	return true;
}

struct raw_frame {
	uint8_t head[9];
	struct buf payload;
};

static uint32_t frame_stream(const struct raw_frame *frame)
{
	return (uint32_t)frame->head[7] << 8 | frame->head[8];
}

/* Reads one frame, replacing what was in *frame. False at the end of the connection. */
static bool read_frame(SSL *ssl, struct raw_frame *frame)
{
	if (!read_raw(ssl, frame->head, sizeof(frame->head)))
		return false;
	size_t size = (size_t)frame->head[0] << 16 | (size_t)frame->head[1] << 8 | frame->head[2];
	buf_clear(&frame->payload);
	return read_raw(ssl, buf_extend(&frame->payload, size), size);
}

/* Appends "name: value\n" of each header. */
static void inflate(nghttp2_hd_inflater *inflater, const struct buf *block, struct buf *out)
{
	const uint8_t *next = block->data;
	size_t left = block->size;
	for (int flags = 0; !(flags & NGHTTP2_HD_INFLATE_FINAL);) {
		nghttp2_nv header;
		ssize_t used = nghttp2_hd_inflate_hd2(inflater, &header, &flags, next, left, 1);
		assert_true(used >= 0);
		next += used;
		left -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			buf_printf(out, "%s: %s\n", header.name, header.value);
	}
	nghttp2_hd_inflate_end_headers(inflater);
}

/* All headers of the answers on a connection up to the end of `streams` streams, or of itself. */
static void read_answers(SSL *ssl, size_t streams, struct buf *headers)
{
	nghttp2_hd_inflater *inflater;
	struct raw_frame frame = { 0 };
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	while (streams && read_frame(ssl, &frame)) {
		if (frame.head[3] == HTTP2_HEADERS)
			inflate(inflater, &frame.payload, headers);
		if (frame.head[3] == HTTP2_GOAWAY)
			buf_put_text(headers, "GOAWAY\n");
		if (frame.head[3] == HTTP2_RST_STREAM)
			buf_printf(headers, "RST_STREAM %d\n", frame.payload.data[3]);
		bool ends = frame.head[3] == HTTP2_RST_STREAM ||
			    (frame.head[3] <= HTTP2_HEADERS && frame.head[4] & HTTP2_END_STREAM);
		streams -= ends && frame_stream(&frame);
	}
	buf_free(&frame.payload);
	nghttp2_hd_inflate_del(inflater);
}

static struct buf client_start(void)
{
	struct buf out = { 0 };
	buf_put_text(&out, HTTP2_PREFACE);
	put_frame(&out, HTTP2_SETTINGS, 0, 0, (struct bytes){ NULL, 0 });
	return out;
}

/* A request on a stream; the message is given with its prefix. */
static void put_request(struct buf *out, uint32_t stream, const char *path, struct bytes message)
{
	put_headers(out, 0, stream,
		(const char *const[]){ ":method", "POST", ":scheme", "https", ":authority", "a",
			":path", path, "content-type", "application/grpc", "te", "trailers",
			NULL });
	put_frame(out, HTTP2_DATA, HTTP2_END_STREAM, stream, message);
}

#endif
