/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc_test_server CERT KEY: serves /test.Test/Echo, /Refuse (with the request as text), /Never and
 * /Peer (the DER of the client's certificate) on a free port of 127.0.0.1. Prints the port on one
 * line, then a line "gone" for each call of /Never that ends; runs until stdin closes.
 */
#include "base/file.h"
#include "crypto/cert.h"
#include "crypto/pem.h"
#include "crypto/tls_server.h"
#include "grpc/server.h"

#include <arpa/inet.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void echo(struct grpc_call *call, struct bytes request, void *context)
{
	(void)context;
	grpc_call_reply(call, request);
}

static void refuse(struct grpc_call *call, struct bytes request, void *context)
{
	(void)context;
	AUTO(buf_free) struct buf text = { 0 };
	buf_put(&text, request.data, request.size);
	grpc_call_fail(call, GRPC_FAILED_PRECONDITION, buf_text(&text));
}

static void tell_gone(void *context)
{
	(void)context;
	puts("gone");
}

static void never(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request, (void)context;
	grpc_call_on_gone(call, tell_gone, NULL);
}

static void tell_peer(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request, (void)context;
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(grpc_call_peer_certificate(call), &der);
	grpc_call_reply(call, buf_bytes(&der));
}

struct credentials {
	X509 *certificate;
	EVP_PKEY *key;
};

static bool give_credentials(void *context, X509 **certificate, EVP_PKEY **key)
{
	const struct credentials *credentials = context;
	*certificate = credentials->certificate;
	*key = credentials->key;
	return X509_up_ref(*certificate) && EVP_PKEY_up_ref(*key);
}

static bool read_credentials(char **paths, struct credentials *credentials, struct error *err)
{
	AUTO(buf_free) struct buf cert = { 0 };
	AUTO(buf_free) struct buf key = { 0 };
	AUTO(buf_free) struct buf der = { 0 };
	char label[PEM_LABEL_MAX];
	if (!file_read(paths[0], 65536, &cert, err) || !file_read(paths[1], 65536, &key, err))
		return false;
	struct pem_reader reader = pem_reader_of(key.data, key.size);
	credentials->certificate = cert_read_pem(buf_bytes(&cert), err);
	if (!credentials->certificate || !pem_next(&reader, label, &der, err))
		return false;
	credentials->key = key_read_private(buf_bytes(&der), err);
	return credentials->key != NULL;
}

static int new_listener(void)
{
	struct sockaddr_in where = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(where);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&where, size) || listen(fd, 64) ||
		getsockname(fd, (struct sockaddr *)&where, &size))
		return -1;
	printf("%u\n", ntohs(where.sin_port));
	return fd;
}

static void on_stdin(evutil_socket_t fd, short what, void *base)
{
	(void)what;
	char rest[256];
	if (read(fd, rest, sizeof(rest)) <= 0)
		event_base_loopbreak(base);
}

static bool serve(const struct grpc_server_config *config, struct error *err)
{
	struct grpc_server *server = grpc_server_new(config, err);
	if (!server)
		return false;
	struct event *end =
		event_new(config->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_stdin, config->base);
	event_add(end, NULL);
	event_base_dispatch(config->base);
	event_free(end);
	grpc_server_free(server);
	return true;
}

int main(int argc, char **argv)
{
	static const struct grpc_method methods[] = {
		{ "/test.Test/Echo", echo, NULL },
		{ "/test.Test/Refuse", refuse, NULL },
		{ "/test.Test/Never", never, NULL },
		{ "/test.Test/Peer", tell_peer, NULL },
		{ NULL, NULL, NULL },
	};
	struct error err = { 0 };
	struct credentials credentials = { 0 };
	const struct tls_server_config tls_config = {
		.protocol = "\x02h2",
		.requires_certificate = true,
		.get_identity = give_credentials,
		.context = &credentials,
	};
	setlinebuf(stdout);
	signal(SIGPIPE, SIG_IGN);
	crypto_setup();
	if (argc != 3 || !read_credentials(argv + 1, &credentials, &err)) {
		fprintf(stderr, "grpc_test_server CERT KEY: %s\n", err.message);
		return 2;
	}
	struct grpc_server_config config = {
		.base = event_base_new(),
		.listener = new_listener(),
		.tls = tls_server_new(&tls_config, &err),
		.methods = methods,
		.connections_max = 1000,
		.idle_seconds = 60,
	};
	bool served = config.tls && serve(&config, &err);
	if (!served)
		fprintf(stderr, "grpc_test_server: %s\n", err.message);
	event_base_free(config.base);
	SSL_CTX_free(config.tls);
	X509_free(credentials.certificate);
	EVP_PKEY_free(credentials.key);
	return served ? 0 : 1;
}
