/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, answers of HTTP servers, and how long a server is waited for. */
#include "unit.h"

#include "base/cleanup.h"
#include "net/get.h"
#include "net/url.h"
#include "tls_peer.h"

#include <pthread.h>
#include <signal.h>

static void addresses_of_services_are_taken_apart(void **state)
{
	(void)state;
	struct net_url url;
	struct error err = { 0 };
	assert_success(net_url_parse("https://pccs.example:8081/sgx/v4/tcb?a=b", &url, &err), err);
	assert_string_equal(url.address.host, "pccs.example");
	assert_string_equal(url.address.port, "8081");
	assert_string_equal(url.authority, "pccs.example:8081");
	assert_string_equal(url.target, "/sgx/v4/tcb?a=b");
	assert_success(net_url_parse("https://[::1]", &url, &err), err);
	assert_string_equal(url.address.host, "::1");
	assert_string_equal(url.address.port, "443");
	assert_string_equal(url.authority, "[::1]");
	assert_string_equal(url.target, "");
	assert_true(url.address.is_ip);
}

static void what_is_no_address_of_a_service_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "http://host/", "https:/host", "https://",
		"https:///path", "https://user@host/", "https://host:0/", "https://host:port/",
		"https://host/a b", "https://host/a\r\nHost: other", "https://host/#part",
		"https://ho\"st/", "file:///etc/passwd" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct net_url url;
		struct error err = { 0 };
		assert_failure(net_url_parse(wrong[i], &url, &err), err, ERROR_INVALID, "");
	}
}

static void only_percent_escapes_are_decoded(void **state)
{
	(void)state;
	static const char *const wrong[] = { "%", "%4", "a%4", "%zz", "%00", "%%41" };
	AUTO(buf_free) struct buf out = { 0 };
	assert_true(net_url_put_decoded(&out, bytes_of_text("a+b%2Bc%2f%3D%0A")));
	assert_string_equal(buf_text(&out), "a+b+c/=\n");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(net_url_put_decoded(&out, bytes_of_text(wrong[i])));
	buf_clear(&out);
	net_url_put_escaped(&out, "-----BEGIN A-----\nab+/=\n");
	assert_string_equal(buf_text(&out), "-----BEGIN%20A-----%0Aab%2B%2F%3D%0A");
}

/* The answer cut at every place is incomplete before its end, and bad when the server has ended. */
static void assert_needs_all(const char *text, const char *body)
{
	struct net_answer answer;
	struct error err = { 0 };
	size_t size = strlen(text);
	for (size_t length = 0; length < size; length++) {
		struct bytes part = { text, length };
		assert_int_equal(
			net_answer_read(part, false, 100, &answer, &err), NET_ANSWER_INCOMPLETE);
		assert_int_equal(net_answer_read(part, true, 100, &answer, &err), NET_ANSWER_BAD);
	}
	assert_int_equal(net_answer_read(bytes_of_text(text), false, 100, &answer, &err),
		NET_ANSWER_COMPLETE);
	assert_int_equal(answer.status, 200);
	assert_string_equal(buf_text(&answer.body), body);
	net_answer_free(&answer);
}

static void an_answer_is_complete_when_all_of_it_is_there(void **state)
{
	(void)state;
	assert_needs_all("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc");
	assert_needs_all("HTTP/1.0 200 \r\nX: y\r\ncontent-length:0\r\n\r\n", "");
	assert_needs_all("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "3\r\nabc\r\n02;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
		"abcde");
}

static void an_answer_without_length_ends_with_the_connection(void **state)
{
	(void)state;
	struct net_answer answer;
	struct bytes text = bytes_of_text("HTTP/1.1 404 \r\nA: 1\r\na: 2\r\nB:\t x \r\n\r\nabc");
	assert_int_equal(net_answer_read(text, false, 3, &answer, NULL), NET_ANSWER_INCOMPLETE);
	assert_int_equal(net_answer_read(text, true, 3, &answer, NULL), NET_ANSWER_COMPLETE);
	assert_int_equal(answer.status, 404);
	assert_string_equal(buf_text(&answer.body), "abc");
	assert_true(bytes_equal(net_answer_header(&answer, "a"), bytes_of_text("1")));
	assert_true(bytes_equal(net_answer_header(&answer, "b"), bytes_of_text("x")));
	assert_int_equal(net_answer_header(&answer, "HTTP/1.1 404 ").size, 0);
	assert_int_equal(net_answer_header(&answer, "C").size, 0);
	net_answer_free(&answer);
}

static void answers_that_are_no_good_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *reason;
	} wrong[] = {
		{ "SSH-2.0-x\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1 20\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1 100 Continue\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/2 200 OK\r\n\r\n", "not HTTP/1.1" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "too long" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "no number" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "no number" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n", "no number" },
		{ "HTTP/1.1 200 OK\r\n\r\n12345678901", "too long" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "no length" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", "too long" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n",
			"too long" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "end" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct net_answer answer;
		struct error err = { 0 };
		struct bytes text = bytes_of_text(wrong[i].text);
		bool is_bad = net_answer_read(text, false, 10, &answer, &err) == NET_ANSWER_BAD;
		assert_failure(!is_bad, err, ERROR_INVALID, wrong[i].reason);
		assert_null(answer.body.data);
	}
}

/* A server that does something odd after the handshake. */
struct server {
	struct credentials credentials;
	SSL_CTX *tls;
	int listener;
	int stop[2];
	char address[32];
	pthread_t thread;
	void (*act)(const struct server *server, SSL *ssl);
};

static void *serve(void *context)
{
	struct server *server = context;
	AUTO(auto_close) int fd = accept(server->listener, NULL, NULL);
	AUTO(auto_ssl) SSL *ssl = SSL_new(server->tls);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1)
		server->act(server, ssl);
	return NULL;
}

static void start(struct server *server, void (*act)(const struct server *server, SSL *ssl))
{
	server->credentials = make_credentials();
	server->tls = new_tls(TLS_server_method(), &server->credentials);
	server->listener = new_listener(0, server->address);
	server->act = act;
	assert_int_equal(pipe(server->stop), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
	close(server->stop[1]);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->listener);
	SSL_CTX_free(server->tls);
	free_credentials(&server->credentials);
}

static void wait_for_stop(const struct server *server)
{
	char byte;
	(void)!read(server->stop[0], &byte, 1);
}

static void say_nothing(const struct server *server, SSL *ssl)
{
	(void)ssl;
	wait_for_stop(server);
}

/* A byte every ten milliseconds is no silence. */
static void drip(const struct server *server, SSL *ssl)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	(void)server;
	while (SSL_write(ssl, "x", 1) == 1)
		nanosleep(&pause, NULL);
}

static bool ask(const struct server *server, const struct net_limits *limits, struct error *err)
{
	char url[64];
	struct net_answer answer;
	AUTO(auto_ssl_ctx) SSL_CTX *tls = net_get_tls(false, NULL, err);
	const struct net_get get = { .tls = tls, .body_max = 1000000, .limits = *limits };
	snprintf(url, sizeof(url), "https://%s/", server->address);
	bool good = net_get(&get, url, &answer, err);
	net_answer_free(&answer);
	return good;
}

static void a_silent_server_is_not_waited_for_longer_than_the_limit(void **state)
{
	(void)state;
	struct server server;
	struct error err = { 0 };
	start(&server, say_nothing);
	assert_failure(ask(&server, &(struct net_limits){ .silence = 50 }, &err), err,
		ERROR_UNAVAILABLE, "no sign of life");
	stop(&server);
}

static void a_server_that_drips_is_not_waited_for_longer_than_the_deadline(void **state)
{
	(void)state;
	struct server server;
	struct error err = { 0 };
	start(&server, drip);
	const struct net_limits limits = { .silence = 20000, .deadline = clock_steady() + 300 };
	assert_failure(ask(&server, &limits, &err), err, ERROR_UNAVAILABLE, "it takes too long");
	assert_true(clock_steady() < limits.deadline + 10000);
	stop(&server);
}

static void waiting_can_be_given_up(void **state)
{
	(void)state;
	struct server server;
	struct error err = { 0 };
	int pipe_ends[2];
	assert_int_equal(pipe(pipe_ends), 0);
	start(&server, say_nothing);
	close(pipe_ends[1]); /* makes the other end readable */
	const struct net_limits limits = { .silence = 20000, .give_up = &pipe_ends[0] };
	assert_failure(ask(&server, &limits, &err), err, ERROR_UNAVAILABLE, "given up");
	assert_false(net_pause(20000, &limits));
	close(pipe_ends[0]);
	stop(&server);
}

static void a_file_without_certificates_names_no_authority(void **state)
{
	(void)state;
	struct error err = { 0 };
	assert_failure(net_get_tls(true, "/dev/null", &err), err, ERROR_INVALID, "/dev/null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_services_are_taken_apart),
		cmocka_unit_test(what_is_no_address_of_a_service_is_refused),
		cmocka_unit_test(only_percent_escapes_are_decoded),
		cmocka_unit_test(an_answer_is_complete_when_all_of_it_is_there),
		cmocka_unit_test(an_answer_without_length_ends_with_the_connection),
		cmocka_unit_test(answers_that_are_no_good_are_refused),
		cmocka_unit_test(a_silent_server_is_not_waited_for_longer_than_the_limit),
		cmocka_unit_test(a_server_that_drips_is_not_waited_for_longer_than_the_deadline),
		cmocka_unit_test(waiting_can_be_given_up),
		cmocka_unit_test(a_file_without_certificates_names_no_authority),
	};
	crypto_setup();
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
