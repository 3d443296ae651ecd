/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "crypto/tls_server.h"
#include "http/server.h"
#include "http/target.h"
#include "tls_peer.h"

#include <pthread.h>
#include <signal.h>

#define BODY_MAX 1000

/* A request that the server hands over; written to a pipe. */
struct handed_over {
	void (*run)(void *job);
	void (*done)(void *job);
	void *job;
};

struct fixture {
	struct credentials server;
	struct tls_server_config tls_config;
	SSL_CTX *server_tls;
	SSL_CTX *client_tls;
	struct event_base *base;
	struct http_server *http;
	char address[32];
	pthread_t thread;
	int stop[2];
	int handed_over[2]; /* from the loop */
	int finished[2];    /* to the loop */
};

static bool give_identity(void *context, X509 **certificate, EVP_PKEY **key)
{
	const struct credentials *server = context;
	*certificate = server->cert;
	*key = server->key;
	return X509_up_ref(*certificate) && EVP_PKEY_up_ref(*key);
}

/* Answers with what it was asked. */
static void tell(const struct http_request *request, struct http_response *response, void *context)
{
	(void)context;
	AUTO(buf_free) struct buf nonce = { 0 };
	response->status = 201;
	response->headers[response->header_count++] = (struct http_header){ "X-Test", "yes" };
	bool has_nonce = http_query_get(request->query, "nonce", &nonce);
	buf_printf(&response->body, "%s %s %s %zu", request->method, request->path,
		has_nonce ? buf_text(&nonce) : "-", request->body.size);
}

static void on_stop(evutil_socket_t fd, short what, void *base)
{
	(void)fd, (void)what;
	event_base_loopbreak(base);
}

static void hand_over(void *context, void (*run)(void *job), void (*done)(void *job), void *job)
{
	const struct fixture *fixture = context;
	const struct handed_over it = { run, done, job };
	assert_int_equal(write(fixture->handed_over[1], &it, sizeof(it)), sizeof(it));
}

static struct handed_over await_handed_over(const struct fixture *fixture)
{
	struct handed_over it;
	assert_int_equal(read(fixture->handed_over[0], &it, sizeof(it)), sizeof(it));
	return it;
}

/* Gives it back to the loop. */
static void give_back(const struct fixture *fixture, struct handed_over it)
{
	assert_int_equal(write(fixture->finished[1], &it, sizeof(it)), sizeof(it));
}

static void on_finished(evutil_socket_t fd, short what, void *unused)
{
	(void)what, (void)unused;
	struct handed_over it;
	if (read(fd, &it, sizeof(it)) == sizeof(it))
		it.done(it.job);
}

static void *run_loop(void *context)
{
	struct fixture *fixture = context;
	struct event *stop =
		event_new(fixture->base, fixture->stop[0], EV_READ, on_stop, fixture->base);
	struct event *finished = event_new(
		fixture->base, fixture->finished[0], EV_READ | EV_PERSIST, on_finished, NULL);
	event_add(stop, NULL);
	event_add(finished, NULL);
	event_base_dispatch(fixture->base);
	event_free(stop);
	event_free(finished);
	http_server_free(fixture->http);
	event_base_free(fixture->base);
	return NULL;
}

static struct fixture *start(size_t connections_max, int idle_seconds, bool hands_over)
{
	struct fixture *fixture = xcalloc(1, sizeof(*fixture));
	struct error err = { 0 };
	fixture->server = make_credentials();
	fixture->tls_config = (struct tls_server_config){ .protocol = "\x08http/1.1",
		.get_identity = give_identity,
		.context = &fixture->server };
	fixture->server_tls = tls_server_new(&fixture->tls_config, &err);
	assert_success(fixture->server_tls, err);
	fixture->client_tls = new_tls(TLS_client_method(), NULL);
	fixture->base = event_base_new();
	assert_int_equal(pipe(fixture->stop), 0);
	assert_int_equal(pipe(fixture->handed_over), 0);
	assert_int_equal(pipe(fixture->finished), 0);
	const struct http_server_config config = {
		.base = fixture->base,
		.listener = new_listener(SOCK_NONBLOCK, fixture->address),
		.tls = fixture->server_tls,
		.handle = tell,
		.offload = hands_over ? hand_over : NULL,
		.offload_context = fixture,
		.body_max = BODY_MAX,
		.connections_max = connections_max,
		.idle_seconds = idle_seconds,
	};
	fixture->http = http_server_new(&config, &err);
	assert_success(fixture->http, err);
	assert_int_equal(pthread_create(&fixture->thread, NULL, run_loop, fixture), 0);
	return fixture;
}

static struct fixture *start_server(size_t connections_max, int idle_seconds)
{
	return start(connections_max, idle_seconds, false);
}

static void stop_loop(struct fixture *fixture)
{
	close(fixture->stop[1]);
	pthread_join(fixture->thread, NULL);
}

static void free_fixture(struct fixture *fixture)
{
	close(fixture->stop[0]);
	for (size_t i = 0; i < 2; i++) {
		close(fixture->handed_over[i]);
		close(fixture->finished[i]);
	}
	SSL_CTX_free(fixture->server_tls);
	SSL_CTX_free(fixture->client_tls);
	free_credentials(&fixture->server);
	free(fixture);
}

static void stop_server(struct fixture *fixture)
{
	stop_loop(fixture);
	free_fixture(fixture);
}

static SSL *connect_tls(const struct fixture *fixture)
{
	SSL *ssl = SSL_new(fixture->client_tls);
	SSL_set_fd(ssl, connect_plain(fixture->address));
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void close_tls(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

static void send_text(SSL *ssl, const char *text)
{
	assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

/* True when head and as much body as the head announces are there. */
static bool is_complete(const char *answer)
{
	const char *length = strstr(answer, "Content-Length: ");
	const char *body = strstr(answer, "\r\n\r\n");
	return body && length && strlen(body + 4) >= strtoul(length + 16, NULL, 10);
}

/* A whole answer; what there is of one when the server closes. */
static void receive(SSL *ssl, char *text, size_t size)
{
	size_t filled = 0;
	text[0] = 0;
	while (filled < size - 1 && !is_complete(text)) {
		int got = SSL_read(ssl, text + filled, (int)(size - 1 - filled));
		if (got <= 0)
			break;
		filled += (size_t)got;
		text[filled] = 0;
	}
}

static void a_request_reaches_the_handler_and_its_answer_the_client(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(10, 20);
	SSL *ssl = connect_tls(fixture);
	char answer[2000];
	send_text(ssl, "POST /a%20b?x=1&nonce=AA%3D HTTP/1.1\r\nHost: h\r\n"
		       "Content-Length: 3\r\n\r\nabc");
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 201 "));
	assert_non_null(strstr(answer, "X-Test: yes"));
	assert_non_null(strstr(answer, "POST /a b AA= 3"));
	send_text(ssl, "PATCH / HTTP/1.1\r\nHost: h\r\n\r\n"); /* the connection stays */
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, "OTHER / - 0"));
	close_tls(ssl);
	stop_server(fixture);
}

static void a_body_that_is_too_long_is_answered_before_it_ends(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(10, 20);
	SSL *ssl = connect_tls(fixture);
	AUTO(auto_free) char *part = xcalloc(1, 1 << 20);
	send_text(ssl, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20971520\r\n\r\n");
	for (int i = 0; i < 20; i++)
		assert_int_equal(SSL_write(ssl, part, 1 << 20), 1 << 20);
	char answer[2000];
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 413 "));
	close_tls(ssl);
	stop_server(fixture);
}

static void a_silent_peer_is_closed_before_and_after_the_handshake(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(10, 1);
	int plain = connect_plain(fixture->address);
	char byte;
	assert_int_equal(recv(plain, &byte, 1, 0), 0);
	close(plain);
	SSL *ssl = connect_tls(fixture);
	char answer[100];
	receive(ssl, answer, sizeof(answer));
	assert_string_equal(answer, "");
	close_tls(ssl);
	stop_server(fixture);
}

static void garbage_ends_its_connection_and_nothing_else(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(10, 20);
	int plain = connect_plain(fixture->address);
	AUTO(auto_free) char *garbage = xcalloc(1, 100000);
	memset(garbage, 'x', 100000);
	(void)!send(plain, garbage, 100000, MSG_NOSIGNAL);
	char byte;
	while (recv(plain, &byte, 1, 0) > 0)
		continue;
	close(plain);
	SSL *ssl = connect_tls(fixture);
	char answer[2000];
	send_text(ssl, "\x01\x02 nothing that HTTP knows\r\n\r\n");
	receive(ssl, answer, sizeof(answer));
	assert_true(!*answer || strstr(answer, " 400 "));
	close_tls(ssl);
	ssl = connect_tls(fixture);
	send_text(ssl, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 201 "));
	close_tls(ssl);
	stop_server(fixture);
}

static void get_something(const struct fixture *fixture)
{
	char answer[2000];
	SSL *ssl = connect_tls(fixture);
	send_text(ssl, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, "GET / - 0"));
	close_tls(ssl);
}

static void a_request_in_plain_text_is_told_what_is_wrong(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(10, 20);
	int plain = connect_plain(fixture->address);
	AUTO(auto_free) char *request = xcalloc(1, 100000);
	int head = snprintf(request, 100000,
		"POST / HTTP/1.1\r\nHost: h\r\n"
		"Content-Length: 90000\r\n\r\n");
	/* all of it: what the server leaves unread must not make a reset of its answer */
	assert_int_equal(send(plain, request, (size_t)head + 90000, MSG_NOSIGNAL), head + 90000);
	char answer[2000] = "";
	size_t filled = 0;
	for (ssize_t got; (got = recv(plain, answer + filled, sizeof(answer) - 1 - filled, 0)) > 0;)
		filled += (size_t)got;
	assert_string_equal(answer, "HTTP/1.0 400 Bad Request\r\n\r\n"
				    "Client sent an HTTP request to an HTTPS server.\n");
	close(plain);
	get_something(fixture);
	stop_server(fixture);
}

static void one_connection_too_many_waits_for_its_turn(void **state)
{
	(void)state;
	struct fixture *fixture = start_server(2, 20);
	SSL *first = connect_tls(fixture);
	SSL *second = connect_tls(fixture);
	int waiting = connect_plain(fixture->address);
	close_tls(first);
	SSL *third = SSL_new(fixture->client_tls);
	SSL_set_fd(third, waiting);
	assert_int_equal(SSL_connect(third), 1);
	char answer[2000];
	send_text(third, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	receive(third, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 201 "));
	close_tls(second);
	close_tls(third);
	stop_server(fixture);
}

static const char post[] = "POST /a?nonce=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";

static void a_change_is_handled_elsewhere_while_others_are_answered(void **state)
{
	(void)state;
	struct fixture *fixture = start(10, 20, true);
	SSL *ssl = connect_tls(fixture);
	char answer[2000];
	send_text(ssl, post);
	struct handed_over it = await_handed_over(fixture);
	get_something(fixture);
	it.run(it.job);
	give_back(fixture, it);
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, "HTTP/1.1 201 "));
	assert_non_null(strstr(answer, "POST /a 1 3"));
	send_text(ssl, post); /* the connection stays, and what nobody handles is answered, too */
	give_back(fixture, await_handed_over(fixture));
	receive(ssl, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 503 "));
	close_tls(ssl);
	stop_server(fixture);
}

static void a_client_that_does_not_wait_is_forgotten(void **state)
{
	(void)state;
	struct fixture *fixture = start(10, 20, true);
	SSL *ssl = connect_tls(fixture);
	send_text(ssl, post);
	struct handed_over it = await_handed_over(fixture);
	close_tls(ssl);
	get_something(fixture);
	it.run(it.job);
	give_back(fixture, it);
	get_something(fixture);
	stop_server(fixture);
}

static void an_answer_can_come_after_the_end_of_the_server(void **state)
{
	(void)state;
	struct fixture *fixture = start(10, 20, true);
	SSL *ssl = connect_tls(fixture);
	send_text(ssl, post);
	struct handed_over it = await_handed_over(fixture);
	stop_loop(fixture);
	it.run(it.job);
	it.done(it.job);
	close_tls(ssl);
	free_fixture(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_reaches_the_handler_and_its_answer_the_client),
		cmocka_unit_test(a_body_that_is_too_long_is_answered_before_it_ends),
		cmocka_unit_test(a_silent_peer_is_closed_before_and_after_the_handshake),
		cmocka_unit_test(garbage_ends_its_connection_and_nothing_else),
		cmocka_unit_test(a_request_in_plain_text_is_told_what_is_wrong),
		cmocka_unit_test(one_connection_too_many_waits_for_its_turn),
		cmocka_unit_test(a_change_is_handled_elsewhere_while_others_are_answered),
		cmocka_unit_test(a_client_that_does_not_wait_is_forgotten),
		cmocka_unit_test(an_answer_can_come_after_the_end_of_the_server),
	};
	crypto_setup();
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
