/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "grpc/client.h"
#include "grpc/exchange.h"
#include "grpc_server_fixture.h"

static const struct timeval soon = { .tv_usec = 1000 };

static void echo(struct grpc_call *call, struct bytes request, void *context)
{
	(void)context;
	grpc_call_reply(call, request);
}

static void refuse(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request, (void)context;
	grpc_call_fail(call, GRPC_PERMISSION_DENIED, "100% caf\xc3\xa9:\nno");
}

static void answer_later(evutil_socket_t fd, short what, void *call)
{
	(void)fd, (void)what;
	grpc_call_reply(call, bytes_of_text("later"));
}

static void echo_later(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request;
	struct fixture *fixture = context;
	event_base_once(fixture->base, -1, EV_TIMEOUT, answer_later, call, &soon);
}

static void tell_gone(void *context)
{
	const struct fixture *fixture = context;
	assert_int_equal(write(fixture->gone[1], "g", 1), 1);
}

static void hold(struct grpc_call *call, struct bytes request, void *context)
{
	if (!request.size)
		grpc_call_on_gone(call, tell_gone, context);
	else
		((struct fixture *)context)->held = call;
}

static void release_held(struct grpc_call *call, struct bytes request, void *context)
{
	struct fixture *fixture = context;
	bool had_peer = grpc_call_peer_certificate(fixture->held);
	grpc_call_reply(fixture->held, request);
	grpc_call_reply(call, bytes_of_text(had_peer ? "there" : "gone"));
}

static void tell_peer(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request, (void)context;
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(grpc_call_peer_certificate(call), &der);
	grpc_call_reply(call, buf_bytes(&der));
}

static void send_too_much(struct grpc_call *call, struct bytes request, void *context)
{
	(void)request, (void)context;
	AUTO(buf_free) struct buf answer = { 0 };
	buf_put_zeros(&answer, GRPC_MESSAGE_MAX + 1);
	grpc_call_reply(call, buf_bytes(&answer));
}

static void answer_and_end(struct grpc_call *call, struct bytes request, void *context)
{
	const struct fixture *fixture = context;
	grpc_call_reply(call, request);
	event_base_loopbreak(fixture->base);
}

struct test_methods {
	struct grpc_method list[9];
	struct fixture *fixture;
};

static int setup_with(void **state, unsigned idle_seconds)
{
	struct test_methods *methods = xcalloc(1, sizeof(*methods));
	methods->fixture = start_server(methods->list, 100, idle_seconds);
	const struct grpc_method list[] = {
		{ "/test/Echo", echo, NULL },
		{ "/test/Refuse", refuse, NULL },
		{ "/test/Later", echo_later, methods->fixture },
		{ "/test/Hold", hold, methods->fixture },
		{ "/test/Release", release_held, methods->fixture },
		{ "/test/Peer", tell_peer, NULL },
		{ "/test/TooMuch", send_too_much, NULL },
		{ "/test/Last", answer_and_end, methods->fixture },
		{ NULL, NULL, NULL },
	};
	memcpy(methods->list, list, sizeof(list));
	run_server(methods->fixture);
	*state = methods;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 60);
}

static int setup_impatient(void **state)
{
	return setup_with(state, 1);
}

static int teardown(void **state)
{
	struct test_methods *methods = *state;
	stop_server(methods->fixture);
	free(methods);
	return 0;
}

static struct fixture *fixture_of(void **state)
{
	return ((struct test_methods *)*state)->fixture;
}

static struct grpc_call_result call(struct fixture *fixture, const char *path, struct bytes request)
{
	struct grpc_call_result result;
	struct error err = { 0 };
	assert_success(grpc_call_unary(
			       fixture->address, fixture->client_tls, path, request, &result, &err),
		err);
	return result;
}

static void check_alive(struct fixture *fixture)
{
	AUTO(grpc_call_result_free)
	struct grpc_call_result result = call(fixture, "/test/Echo", bytes_of_text("alive"));
	assert_string_equal(buf_text(&result.body), "alive");
}

static void messages_of_any_accepted_size_come_back(void **state)
{
	static const size_t sizes[] = { 0, 1, 16379, 16380, 65536, 1000000, GRPC_MESSAGE_MAX };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		AUTO(buf_free) struct buf request = { 0 };
		buf_put_zeros(&request, sizes[i]);
		for (size_t at = 0; at < sizes[i]; at++)
			request.data[at] = (uint8_t)(at * 7 + at / 256);
		AUTO(grpc_call_result_free)
		struct grpc_call_result result =
			call(fixture_of(state), "/test/Echo", buf_bytes(&request));
		assert_int_equal(result.code, GRPC_OK);
		assert_true(bytes_equal(buf_bytes(&result.body), buf_bytes(&request)));
	}
}

static void refusals_and_late_answers_arrive(void **state)
{
	AUTO(grpc_call_result_free)
	struct grpc_call_result refused =
		call(fixture_of(state), "/test/Refuse", bytes_of_text("please"));
	assert_int_equal(refused.code, GRPC_PERMISSION_DENIED);
	assert_string_equal(buf_text(&refused.message), "100% caf\xc3\xa9:\nno");
	assert_int_equal(refused.body.size, 0);
	AUTO(grpc_call_result_free)
	struct grpc_call_result late = call(fixture_of(state), "/test/Later", bytes_of_text("?"));
	assert_string_equal(buf_text(&late.body), "later");
	AUTO(grpc_call_result_free)
	struct grpc_call_result unknown = call(fixture_of(state), "/test/Ech", bytes_of_text("?"));
	assert_int_equal(unknown.code, GRPC_UNIMPLEMENTED);
	AUTO(grpc_call_result_free)
	struct grpc_call_result much = call(fixture_of(state), "/test/TooMuch", bytes_of_text(""));
	assert_int_equal(much.code, GRPC_RESOURCE_EXHAUSTED);
}

static void the_handler_sees_the_certificate_of_its_peer(void **state)
{
	AUTO(buf_free) struct buf der = { 0 };
	cert_put_der(fixture_of(state)->client.cert, &der);
	AUTO(grpc_call_result_free)
	struct grpc_call_result result = call(fixture_of(state), "/test/Peer", bytes_of_text(""));
	assert_true(bytes_equal(buf_bytes(&result.body), buf_bytes(&der)));
}

static void a_client_without_certificate_is_refused(void **state)
{
	struct fixture *fixture = fixture_of(state);
	AUTO(auto_ssl_ctx) SSL_CTX *tls = new_tls(TLS_client_method(), NULL);
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_failure(grpc_call_unary(fixture->address, tls, "/test/Echo", bytes_of_text("x"),
			       &result, &err),
		err, ERROR_DENIED, "certificate required");
	check_alive(fixture);
}

static void without_an_identity_the_handshake_fails(void **state)
{
	struct fixture *fixture = fixture_of(state);
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	/* the loop's thread reads this flag only for a connection, and there is none now */
	fixture->has_identity = false;
	assert_failure(grpc_call_unary(fixture->address, fixture->client_tls, "/test/Echo",
			       bytes_of_text("x"), &result, &err),
		err, ERROR_DENIED, "TLS handshake");
	fixture->has_identity = true;
	check_alive(fixture);
}

static void http2_is_chosen_or_assumed_and_nothing_else(void **state)
{
	struct fixture *fixture = fixture_of(state);
	static const struct {
		const char *offer;
		const char *chosen; /* NULL: the handshake fails */
	} cases[] = { { NULL, "" }, { "\x08http/1.1\x02h2", "h2" }, { "\x08http/1.1", NULL } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		SSL *ssl = connect_raw(fixture, cases[i].offer);
		const unsigned char *chosen = NULL;
		unsigned size = 0;
		SSL_get0_alpn_selected(ssl, &chosen, &size);
		assert_int_equal(SSL_is_init_finished(ssl), cases[i].chosen != NULL);
		if (cases[i].chosen) {
			assert_int_equal(size, strlen(cases[i].chosen));
			AUTO(buf_free) struct buf ask = client_start();
			AUTO(buf_free) struct buf headers = { 0 };
			put_request(&ask, 1, "/test/Echo", (struct bytes){ "\0\0\0\0\1x", 6 });
			send_raw(ssl, &ask);
			read_answers(ssl, 1, &headers);
			assert_non_null(strstr(buf_text(&headers), "grpc-status: 0\n"));
		}
		close_raw(ssl);
	}
}

/* Sends frames behind the connection preface and returns the headers of the one answer. */
static struct buf ask_raw(struct fixture *fixture, const struct buf *frames)
{
	AUTO(buf_free) struct buf ask = client_start();
	struct buf headers = { 0 };
	SSL *ssl = connect_raw(fixture, "\x02h2");
	buf_put(&ask, frames->data, frames->size);
	send_raw(ssl, &ask);
	read_answers(ssl, 1, &headers);
	close_raw(ssl);
	return headers;
}

static void malformed_messages_have_their_codes(void **state)
{
	static const struct {
		struct bytes body;
		const char *status;
	} cases[] = {
		{ { "\1\0\0\0\1x", 6 }, "grpc-status: 12\n" },
		{ { "\7\0\0\0\1x", 6 }, "grpc-status: 13\n" },
		{ { "\0\0\0\0\2x", 6 }, "grpc-status: 13\n" },
		{ { "\0\0\0", 3 }, "grpc-status: 13\n" },
		{ { "", 0 }, "grpc-status: 13\n" },
		{ { "\0\0\0\0\1xy", 7 }, "grpc-status: 13\n" },
		{ { "\0\0\x40\0\1x", 6 }, "grpc-status: 8\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO(buf_free) struct buf frames = { 0 };
		put_request(&frames, 1, "/test/Echo", cases[i].body);
		AUTO(buf_free) struct buf headers = ask_raw(fixture_of(state), &frames);
		if (!strstr(buf_text(&headers), cases[i].status))
			fail_msg("case %zu: %s", i, buf_text(&headers));
	}
	check_alive(fixture_of(state));
}

static void other_requests_are_answered_in_http(void **state)
{
	static const struct {
		const char *method;
		const char *type;
		const char *encoding;
		const char *answer;
	} cases[] = {
		{ "GET", "application/grpc", "identity", ":status: 405\n" },
		{ "POST", "application/json", "identity", ":status: 415\n" },
		{ "POST", "application/grpc", "gzip", "grpc-status: 12\n" },
		{ "POST", "application/grpc+proto", "identity", "grpc-status: 0\n" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO(buf_free) struct buf frames = { 0 };
		put_headers(&frames, 0, 1,
			(const char *const[]){ ":method", cases[i].method, ":scheme", "https",
				":authority", "a", ":path", "/test/Echo", "content-type",
				cases[i].type, "grpc-encoding", cases[i].encoding, NULL });
		put_frame(&frames, HTTP2_DATA, HTTP2_END_STREAM, 1,
			(struct bytes){ "\0\0\0\0\1x", 6 });
		AUTO(buf_free) struct buf headers = ask_raw(fixture_of(state), &frames);
		if (!strstr(buf_text(&headers), cases[i].answer))
			fail_msg("case %zu: %s", i, buf_text(&headers));
	}
}

static void an_answer_stops_a_request_that_goes_on(void **state)
{
	struct fixture *fixture = fixture_of(state);
	AUTO(buf_free) struct buf ask = client_start();
	put_headers(&ask, 0, 1,
		(const char *const[]){ ":method", "POST", ":scheme", "https", ":authority", "a",
			":path", "/test/None", "content-type", "application/grpc", NULL });
	SSL *ssl = connect_raw(fixture, "\x02h2");
	send_raw(ssl, &ask);
	AUTO(buf_free) struct buf headers = { 0 };
	read_answers(ssl, 2, &headers);
	assert_non_null(strstr(buf_text(&headers), "grpc-status: 12\n"));
	assert_non_null(strstr(buf_text(&headers), "RST_STREAM 0\n"));
	close_raw(ssl);
}

static void many_calls_share_a_connection(void **state)
{
	SSL *ssl = connect_raw(fixture_of(state), "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	for (uint32_t i = 0; i < 32; i++)
		put_request(&ask, 2 * i + 1, i % 2 ? "/test/Echo" : "/test/Later",
			(struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(ssl, &ask);
	AUTO(buf_free) struct buf headers = { 0 };
	read_answers(ssl, 32, &headers);
	size_t answered = 0;
	for (const char *at = buf_text(&headers); (at = strstr(at, "grpc-status: 0\n")); at++)
		answered++;
	assert_int_equal(answered, 32);
	close_raw(ssl);
}

static void await_gone(struct fixture *fixture)
{
	struct pollfd pipe_end = { .fd = fixture->gone[0], .events = POLLIN };
	char byte;
	assert_int_equal(poll(&pipe_end, 1, 20000), 1);
	assert_int_equal(read(fixture->gone[0], &byte, 1), 1);
}

static void a_handler_learns_that_its_peer_is_gone(void **state)
{
	struct fixture *fixture = fixture_of(state);
	SSL *ssl = connect_raw(fixture, "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	put_request(&ask, 1, "/test/Hold", (struct bytes){ "\0\0\0\0\0", 5 });
	put_frame(&ask, HTTP2_RST_STREAM, 0, 1, (struct bytes){ "\0\0\0\x8", 4 });
	put_request(&ask, 3, "/test/Hold", (struct bytes){ "\0\0\0\0\0", 5 });
	send_raw(ssl, &ask);
	await_gone(fixture);
	close_raw(ssl);
	await_gone(fixture);
	check_alive(fixture);
}

static void an_answer_to_nobody_is_dropped(void **state)
{
	struct fixture *fixture = fixture_of(state);
	SSL *ssl = connect_raw(fixture, "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	put_request(&ask, 1, "/test/Hold", (struct bytes){ "\0\0\0\0\1x", 6 });
	put_frame(&ask, HTTP2_RST_STREAM, 0, 1, (struct bytes){ "\0\0\0\x8", 4 });
	put_request(&ask, 3, "/test/Echo", (struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(ssl, &ask);
	AUTO(buf_free) struct buf headers = { 0 };
	read_answers(ssl, 1, &headers);
	close_raw(ssl);
	AUTO(grpc_call_result_free)
	struct grpc_call_result result = call(fixture, "/test/Release", bytes_of_text("x"));
	assert_string_equal(buf_text(&result.body), "gone");
}

static void a_call_may_be_open_when_the_server_ends(void **state)
{
	struct fixture *fixture = fixture_of(state);
	SSL *ssl = connect_raw(fixture, "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	put_request(&ask, 1, "/test/Hold", (struct bytes){ "\0\0\0\0\0", 5 });
	put_request(&ask, 3, "/test/Echo", (struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(ssl, &ask);
	AUTO(buf_free) struct buf headers = { 0 };
	read_answers(ssl, 1, &headers);
	/* an incomplete request on another stream, too */
	AUTO(buf_free) struct buf more = { 0 };
	put_headers(&more, 0, 5,
		(const char *const[]){ ":method", "POST", ":scheme", "https", ":authority", "a",
			":path", "/test/Echo", "content-type", "application/grpc", NULL });
	put_frame(&more, HTTP2_DATA, 0, 5, (struct bytes){ "\0\0\0\0\2x", 6 });
	send_raw(ssl, &more);
	teardown(state);
	buf_clear(&headers);
	read_answers(ssl, 1, &headers);
	assert_int_equal(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
	close_raw(ssl);
}

/* The sanitizer sees whether anything of the unsent answer is left. */
static void an_answer_may_be_unsent_when_the_server_ends(void **state)
{
	SSL *ssl = connect_raw(fixture_of(state), "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	AUTO(buf_free) struct buf headers = { 0 };
	put_request(&ask, 1, "/test/Last", (struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(ssl, &ask);
	read_answers(ssl, 1, &headers);
	assert_int_equal(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
	close_raw(ssl);
}

static void idle_connections_are_ended(void **state)
{
	struct fixture *fixture = fixture_of(state);
	SSL *idle = connect_raw(fixture, "\x02h2");
	int silent = connect_plain(fixture->address);
	AUTO(buf_free) struct buf start = client_start();
	AUTO(buf_free) struct buf headers = { 0 };
	send_raw(idle, &start);
	read_answers(idle, 1, &headers);
	assert_string_equal(buf_text(&headers), "GOAWAY\n");
	char byte;
	assert_int_equal(recv(silent, &byte, 1, 0), 0);
	close(silent);
	close_raw(idle);
}

static void a_call_with_its_handler_is_not_idle(void **state)
{
	struct fixture *fixture = fixture_of(state);
	SSL *busy = connect_raw(fixture, "\x02h2");
	AUTO(buf_free) struct buf ask = client_start();
	AUTO(buf_free) struct buf headers = { 0 };
	put_request(&ask, 1, "/test/Hold", (struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(busy, &ask);
	/* when two that do nothing have been ended one after the other, its time is up as well */
	for (int i = 0; i < 2; i++) {
		SSL *idle = connect_raw(fixture, "\x02h2");
		read_answers(idle, 1, &headers);
		close_raw(idle);
	}
	AUTO(grpc_call_result_free)
	struct grpc_call_result result = call(fixture, "/test/Release", bytes_of_text("x"));
	assert_string_equal(buf_text(&result.body), "there");
	read_answers(busy, 1, &headers);
	assert_non_null(strstr(buf_text(&headers), "grpc-status: 0\n"));
	close_raw(busy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			messages_of_any_accepted_size_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_and_late_answers_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_handler_sees_the_certificate_of_its_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_client_without_certificate_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_an_identity_the_handshake_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(
			http2_is_chosen_or_assumed_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(
			malformed_messages_have_their_codes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_requests_are_answered_in_http, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_stops_a_request_that_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(many_calls_share_a_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_handler_learns_that_its_peer_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_to_nobody_is_dropped, setup, teardown),
		cmocka_unit_test_setup(a_call_may_be_open_when_the_server_ends, setup),
		cmocka_unit_test_setup_teardown(
			an_answer_may_be_unsent_when_the_server_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(
			idle_connections_are_ended, setup_impatient, teardown),
		cmocka_unit_test_setup_teardown(
			a_call_with_its_handler_is_not_idle, setup_impatient, teardown),
	};
	return cmocka_run_group_tests_name("grpc_server", tests, NULL, NULL);
}
