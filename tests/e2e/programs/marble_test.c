/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marble_test: the test Marble (spec premain.md clause 10). It speaks HTTPS with the certificate
 * that the Coordinator gave it, by way of the environment alone, and with an OpenSSL of its own.
 * The server's or its own address is EDG_TEST_ADDR; port 0 is any, and the log tells which.
 *
 *   marble_test                       GET from the Marble at the address
 *   marble_test serve                 to Marbles of the mesh
 *   marble_test serve-no-client-auth  to everybody
 *   marble_test secrets FILE...       to Marbles of the mesh, the files as JSON
 *   marble_test monotonic-counter     raises a counter of its own, at the Coordinator whose client
 * API is EDG_COORDINATOR_CLIENT_ADDR, to 2 and to 3
 */
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX     8192
#define ANSWER_MAX      (1 << 20)
#define NAME_MAX_LENGTH 256

static const char mesh_root[] = "MARBLE_PREDEFINED_ROOT_CA";

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "marble-test: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}

static void *need(void *value, const char *what)
{
	if (!value)
		fail(what);
	return value;
}

static void need_success(bool done, const char *what)
{
	if (!done)
		fail(what);
}

/* credentials */

static BIO *open_variable(const char *name)
{
	const char *text = need(getenv(name), name);
	return need(BIO_new_mem_buf(text, -1), name);
}

static X509 *read_certificate(BIO *source)
{
	X509 *certificate = PEM_read_bio_X509(source, NULL, NULL, NULL);
	ERR_clear_error(); /* the end of the text is one, too */
	return certificate;
}

/* The Marble's certificate, and what stands between it and the Coordinator's root. */
static void use_chain(SSL_CTX *tls)
{
	static const char name[] = "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN";
	BIO *source = open_variable(name);
	X509 *own = need(read_certificate(source), name);
	need_success(SSL_CTX_use_certificate(tls, own) == 1, name);
	X509_free(own);
	for (X509 *next; (next = read_certificate(source));)
		need_success(SSL_CTX_add0_chain_cert(tls, next) == 1, name);
	BIO_free(source);
}

static void use_key(SSL_CTX *tls)
{
	static const char name[] = "MARBLE_PREDEFINED_PRIVATE_KEY";
	BIO *source = open_variable(name);
	EVP_PKEY *key = need(PEM_read_bio_PrivateKey(source, NULL, NULL, NULL), name);
	need_success(SSL_CTX_use_PrivateKey(tls, key) == 1, name);
	EVP_PKEY_free(key);
	BIO_free(source);
}

static void trust(SSL_CTX *tls, const char *name)
{
	BIO *source = open_variable(name);
	X509 *root = need(read_certificate(source), name);
	need_success(X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), root) == 1, name);
	X509_free(root);
	BIO_free(source);
}

static SSL_CTX *new_tls(const SSL_METHOD *method, int verify, const char *authority)
{
	SSL_CTX *tls = need(SSL_CTX_new(method), "TLS context");
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	use_chain(tls);
	use_key(tls);
	trust(tls, authority);
	SSL_CTX_set_verify(tls, verify, NULL);
	return tls;
}

/* addresses */

struct address {
	char host[NAME_MAX_LENGTH];
	const char *port; /* in the environment */
};

static struct address address_of(const char *variable)
{
	struct address address = { 0 };
	const char *text = need(getenv(variable), variable);
	const char *colon = need(strrchr(text, ':'), "an address is no HOST:PORT");
	size_t length = (size_t)(colon - text);
	need_success(length < sizeof(address.host), "an address is too long");
	memcpy(address.host, text, length);
	address.port = colon + 1;
	return address;
}

/* A socket that `use`, bind or connect, accepts for the address. */
static int open_socket(const struct address *address,
	int (*use)(int, const struct sockaddr *, socklen_t), const char *what)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int fd = -1;
	int reason = getaddrinfo(address->host, address->port, &hints, &found);
	need_success(!reason, gai_strerror(reason));
	for (struct addrinfo *next = found; next && fd < 0; next = next->ai_next) {
		fd = socket(next->ai_family, next->ai_socktype, 0);
		if (fd >= 0 && use(fd, next->ai_addr, next->ai_addrlen)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	need_success(fd >= 0, what);
	return fd;
}

static void find_port(int fd, char port[NI_MAXSERV])
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);
	need_success(!getsockname(fd, (struct sockaddr *)&own, &size), "getsockname");
	need_success(!getnameinfo((struct sockaddr *)&own, size, NULL, 0, port, NI_MAXSERV,
			     NI_NUMERICSERV),
		"getnameinfo");
}

/* client */

static void demand_name(SSL *connection, const char *host)
{
	X509_VERIFY_PARAM *parameters = SSL_get0_param(connection);
	if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1)
		return;
	need_success(SSL_set1_host(connection, host) == 1 &&
			     SSL_set_tlsext_host_name(connection, host) == 1,
		"name of the server");
}

static size_t read_all(SSL *connection, char *text, size_t max)
{
	size_t size = 0;
	for (int got; size < max - 1; size += (size_t)got) {
		got = SSL_read(connection, text + size, (int)(max - 1 - size));
		if (got <= 0)
			break;
	}
	text[size] = 0;
	return size;
}

/* The body of the answer to a request, which must have status 200. */
static const char *ask(
	const char *variable, const char *authority, const char *request_line, const char *body)
{
	static char text[ANSWER_MAX];
	struct address address = address_of(variable);
	SSL_CTX *tls = new_tls(TLS_client_method(), SSL_VERIFY_PEER, authority);
	SSL *connection = need(SSL_new(tls), "TLS connection");
	demand_name(connection, address.host);
	int fd = open_socket(&address, connect, "nobody answers at the address");
	SSL_set_fd(connection, fd);
	need_success(SSL_connect(connection) == 1, "no TLS with the server");
	char request[2 * NAME_MAX_LENGTH];
	int length = snprintf(request, sizeof(request),
		"%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
		request_line, address.host, strlen(body), body);
	need_success(SSL_write(connection, request, length) == length, "no request sent");
	read_all(connection, text, sizeof(text));
	char *end = strstr(text, "\r\n\r\n");
	if (!end || strncmp(text, "HTTP/1.1 200 OK\r\n", 17))
		fail("no answer with status 200");
	SSL_shutdown(connection);
	SSL_free(connection);
	SSL_CTX_free(tls);
	close(fd);
	return end + 4;
}

static int get(void)
{
	const char *body = ask("EDG_TEST_ADDR", mesh_root, "GET /", "");
	fputs("Successful connection to Server: 200 OK\n", stderr);
	fputs(body, stdout);
	return 0;
}

static void count(unsigned value, unsigned expected)
{
	char body[64];
	char answer[64];
	snprintf(body, sizeof(body), "{\"name\":\"foo\",\"value\":%u}", value);
	snprintf(answer, sizeof(answer), "{\"status\":\"success\",\"data\":{\"value\":%u}}\n",
		expected);
	const char *given = ask("EDG_COORDINATOR_CLIENT_ADDR",
		"MARBLE_PREDEFINED_COORDINATOR_ROOT_CA", "POST /api/v2/monotonic-counter", body);
	need_success(!strcmp(given, answer), "the counter had another value");
}

/* server */

/* Up to the empty line. */
static bool read_request(SSL *connection)
{
	char request[REQUEST_MAX] = { 0 };
	int size = 0;
	while (!strstr(request, "\r\n\r\n")) {
		int got = SSL_read(connection, request + size, REQUEST_MAX - 1 - size);
		if (got <= 0)
			return false;
		size += got;
	}
	return true;
}

static void answer(SSL *connection, const char *body)
{
	char head[128];
	int length = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
		strlen(body));
	if (SSL_accept(connection) != 1 || !read_request(connection)) {
		fputs("marble-test: refused a connection\n", stderr);
		ERR_print_errors_fp(stderr);
		return;
	}
	if (SSL_write(connection, head, length) == length)
		SSL_write(connection, body, (int)strlen(body));
	SSL_shutdown(connection);
}

__attribute__((noreturn)) static void serve(int verify, const char *body)
{
	struct address address = address_of("EDG_TEST_ADDR");
	SSL_CTX *tls = new_tls(TLS_server_method(), verify, mesh_root);
	(void)signal(SIGPIPE, SIG_IGN);
	int listener = open_socket(&address, bind, "EDG_TEST_ADDR cannot be served");
	need_success(!listen(listener, SOMAXCONN), "listen");
	char port[NI_MAXSERV];
	find_port(listener, port);
	fprintf(stderr, "starting server\nserving at %s:%s\n", address.host, port);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		need_success(fd >= 0, "accept");
		SSL *connection = need(SSL_new(tls), "TLS connection");
		SSL_set_fd(connection, fd);
		answer(connection, body);
		SSL_free(connection);
		close(fd);
	}
}

/* {"FILE":"base64",...} of files whose names need no escapes. */
static const char *describe_files(char **paths)
{
	static char json[ANSWER_MAX];
	static unsigned char content[ANSWER_MAX / 4];
	size_t size = 0;
	json[size++] = '{';
	for (; *paths; paths++) {
		FILE *file = need(fopen(*paths, "r"), *paths);
		size_t length = fread(content, 1, sizeof(content), file);
		need_success(!ferror(file), *paths);
		fclose(file);
		need_success(size + strlen(*paths) + length / 3 * 4 + 16 < sizeof(json), *paths);
		size += (size_t)sprintf(json + size, "\"%s\":\"", *paths);
		size += (size_t)EVP_EncodeBlock((unsigned char *)json + size, content, (int)length);
		json[size++] = '"';
		json[size++] = paths[1] ? ',' : '}';
	}
	json[size] = 0;
	return json;
}

int main(int argc, char **argv)
{
	static const char welcome[] = "Welcome to this Marbelous world!";
	const int mutual = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (argc == 1)
		return get();
	if (!strcmp(argv[1], "serve"))
		serve(mutual, welcome);
	if (!strcmp(argv[1], "serve-no-client-auth"))
		serve(SSL_VERIFY_NONE, welcome);
	if (!strcmp(argv[1], "secrets") && argc > 2)
		serve(mutual, describe_files(argv + 2));
	if (strcmp(argv[1], "monotonic-counter") != 0)
		fail("usage: marble_test [serve | serve-no-client-auth | secrets FILE... | "
		     "monotonic-counter]");
	count(2, 0);
	count(3, 2);
	fputs("the counter is 3\n", stderr);
	return 0;
}
