/* SPDX-License-Identifier: Apache-2.0 */
/* The client against peers that are absent, silent or something else than a Coordinator. */
#include "unit.h"

#include "base/cleanup.h"
#include "grpc/client.h"
#include "net/transport.h"
#include "tls_peer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

/* A server for one connection: what it does is its function. */
struct odd_server {
	int listener;
	char address[32];
	SSL_CTX *tls;
	void (*serve)(int fd, SSL *ssl);
	pthread_t thread;
};

static void *run_odd_server(void *context)
{
	struct odd_server *server = context;
	int fd = accept(server->listener, NULL, NULL);
	SSL *ssl = NULL;
	if (server->tls) {
		ssl = SSL_new(server->tls);
		SSL_set_fd(ssl, fd);
		SSL_accept(ssl);
	}
	server->serve(fd, ssl);
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void start_odd_server(
	struct odd_server *server, SSL_CTX *tls, void (*serve)(int fd, SSL *ssl))
{
	server->listener = new_listener(0, server->address);
	server->tls = tls;
	server->serve = serve;
	assert_int_equal(pthread_create(&server->thread, NULL, run_odd_server, server), 0);
}

static void stop_odd_server(struct odd_server *server)
{
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->tls);
}

static void wait_for_goodbye(int fd)
{
	char byte;
	while (recv(fd, &byte, 1, 0) > 0)
		continue;
}

/* Calls the odd server and expects to be told `text`. */
static void check_call_fails(
	SSL_CTX *tls, void (*serve)(int fd, SSL *ssl), enum error_kind kind, const char *text)
{
	struct odd_server server;
	start_odd_server(&server, tls, serve);
	AUTO(auto_ssl_ctx) SSL_CTX *client = new_tls(TLS_client_method(), NULL);
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_failure(grpc_call_unary(server.address, client, "/rpc.Marble/Activate",
			       bytes_of_text("x"), &result, &err),
		err, kind, text);
	assert_non_null(strstr(err.message, server.address));
	stop_odd_server(&server);
}

static SSL_CTX *server_tls(void)
{
	struct credentials credentials = make_credentials();
	SSL_CTX *tls = new_tls(TLS_server_method(), &credentials);
	free_credentials(&credentials);
	return tls;
}

static void nobody_at_the_address_is_told_with_all_addresses(void **state)
{
	(void)state;
	char address[32];
	int listener = new_listener(0, address);
	close(listener);
	AUTO(auto_ssl_ctx) SSL_CTX *client = new_tls(TLS_client_method(), NULL);
	char name[32];
	snprintf(name, sizeof(name), "localhost%s", strchr(address, ':'));
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_failure(grpc_call_unary(name, client, "/x", bytes_of_text("x"), &result, &err), err,
		ERROR_UNAVAILABLE, "127.0.0.1: connect: Connection refused; ::1: ");
	assert_failure(grpc_call_unary("no.such.host.invalid:1", client, "/x", bytes_of_text("x"),
			       &result, &err),
		err, ERROR_UNAVAILABLE, "no.such.host.invalid");
	assert_failure(grpc_call_unary("2001", client, "/x", bytes_of_text("x"), &result, &err),
		err, ERROR_INVALID, "\"2001\" is no address");
}

static void speak_plain_http(int fd, SSL *ssl)
{
	(void)ssl;
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	char byte;
	recv(fd, &byte, 1, 0);
	send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	wait_for_goodbye(fd);
}

static void a_peer_without_tls_is_recognised(void **state)
{
	(void)state;
	check_call_fails(NULL, speak_plain_http, ERROR_INVALID, "does not speak TLS");
}

static void speak_https(int fd, SSL *ssl)
{
	static const char answer[] = "HTTP/1.1 501 Not Implemented\r\n\r\n";
	char request[1024];
	SSL_read(ssl, request, sizeof(request));
	SSL_write(ssl, answer, sizeof(answer) - 1);
	wait_for_goodbye(fd);
}

static void the_client_api_is_recognised(void **state)
{
	(void)state;
	check_call_fails(server_tls(), speak_https, ERROR_INVALID,
		"EDG_MARBLE_COORDINATOR_ADDR must name the mesh API, by default port 2001");
}

static void read_once(int fd, SSL *ssl)
{
	(void)fd;
	char request[1024];
	SSL_read(ssl, request, sizeof(request));
	SSL_shutdown(ssl);
}

static void who_leaves_when_http2_comes_is_the_client_api(void **state)
{
	(void)state;
	check_call_fails(server_tls(), read_once, ERROR_INVALID,
		"does not speak HTTP/2: that is the client");
}

static int refuse_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
	const unsigned char *offered, unsigned offered_size, void *context)
{
	(void)ssl, (void)out, (void)out_size, (void)context;
	/* the client's offer is exactly HTTP/2 */
	return offered_size == 3 && !memcmp(offered, "\x02h2", 3) ? SSL_TLSEXT_ERR_ALERT_FATAL
								  : SSL_TLSEXT_ERR_NOACK;
}

static void do_nothing(int fd, SSL *ssl)
{
	(void)fd, (void)ssl;
}

static void a_refused_protocol_points_to_the_client_api(void **state)
{
	(void)state;
	SSL_CTX *tls = server_tls();
	SSL_CTX_set_alpn_select_cb(tls, refuse_protocol, NULL);
	check_call_fails(tls, do_nothing, ERROR_INVALID, "that is the client API (HTTPS)");
}

static void wait_for_end(int fd, SSL *ssl)
{
	(void)ssl;
	wait_for_goodbye(fd);
}

static void an_alert_of_the_peer_is_told(void **state)
{
	(void)state;
	SSL_CTX *tls = server_tls();
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	check_call_fails(tls, wait_for_end, ERROR_DENIED, "certificate required");
}

static int choose_first(SSL *ssl, const unsigned char **out, unsigned char *out_size,
	const unsigned char *offered, unsigned offered_size, void *context)
{
	(void)ssl, (void)offered_size, (void)context;
	*out = offered + 1;
	*out_size = offered[0];
	return SSL_TLSEXT_ERR_OK;
}

static void a_connection_that_ends_too_early_is_told(void **state)
{
	(void)state;
	SSL_CTX *tls = server_tls();
	SSL_CTX_set_alpn_select_cb(tls, choose_first, NULL);
	check_call_fails(NULL, do_nothing, ERROR_UNAVAILABLE, "closed the connection");
	check_call_fails(tls, read_once, ERROR_UNAVAILABLE, "the peer closed");
}

static void a_silent_peer_is_given_up(void **state)
{
	(void)state;
	char address[32];
	int listener = new_listener(0, address);
	AUTO(auto_ssl_ctx) SSL_CTX *client = new_tls(TLS_client_method(), NULL);
	AUTO(net_transport_close) struct net_transport transport = { 0 };
	const struct net_transport_options options = {
		.tls = client, .protocol = "\x02h2", .limits = { .silence = 50 }
	};
	struct net_address target;
	struct error err = { 0 };
	assert_success(net_address_parse(address, &target, &err), err);
	assert_failure(net_transport_open(&transport, &target, &options, &err), err,
		ERROR_UNAVAILABLE, "no sign of life for 1 seconds");
	close(listener);
}

static void cut_connection(int fd, SSL *ssl)
{
	(void)ssl;
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void a_cut_connection_raises_no_signal(void **state)
{
	(void)state;
	struct sigaction disposition;
	sigaction(SIGPIPE, NULL, &disposition);
	assert_true(disposition.sa_handler == SIG_DFL);
	struct odd_server server;
	start_odd_server(&server, server_tls(), cut_connection);
	AUTO(auto_ssl_ctx) SSL_CTX *client = new_tls(TLS_client_method(), NULL);
	AUTO(net_transport_close) struct net_transport transport = { 0 };
	const struct net_transport_options options = {
		.tls = client, .protocol = "\x02h2", .limits = { .silence = 20000 }
	};
	struct net_address target;
	struct error err = { 0 };
	assert_success(net_address_parse(server.address, &target, &err), err);
	assert_success(net_transport_open(&transport, &target, &options, &err), err);
	stop_odd_server(&server);
	struct pollfd reset = { .fd = SSL_get_fd(transport.ssl), .events = 0 };
	assert_int_equal(poll(&reset, 1, 20000), 1);
	/* the first attempt hears of the reset, a later one meets a broken pipe */
	for (int i = 0; i < 3; i++)
		assert_false(net_transport_write(&transport, bytes_of_text("x"), &err));
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	sigaction(SIGPIPE, NULL, &disposition);
	assert_true(disposition.sa_handler == SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_at_the_address_is_told_with_all_addresses),
		cmocka_unit_test(a_peer_without_tls_is_recognised),
		cmocka_unit_test(the_client_api_is_recognised),
		cmocka_unit_test(who_leaves_when_http2_comes_is_the_client_api),
		cmocka_unit_test(a_refused_protocol_points_to_the_client_api),
		cmocka_unit_test(an_alert_of_the_peer_is_told),
		cmocka_unit_test(a_connection_that_ends_too_early_is_told),
		cmocka_unit_test(a_silent_peer_is_given_up),
		cmocka_unit_test(a_cut_connection_raises_no_signal),
	};
	return cmocka_run_group_tests_name("grpc_client", tests, NULL, NULL);
}
