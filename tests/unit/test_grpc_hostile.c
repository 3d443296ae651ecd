/* SPDX-License-Identifier: Apache-2.0 */
/* The server against peers that mean no good: after each of them it serves the next one. */
#include "unit.h"

#include "base/cleanup.h"
#include "grpc/client.h"
#include "grpc_server_fixture.h"

static void echo(struct grpc_call *call, struct bytes request, void *context)
{
	(void)context;
	grpc_call_reply(call, request);
}

static const struct grpc_method methods[] = {
	{ "/test/Echo", echo, NULL },
	{ NULL, NULL, NULL },
};

static int setup(void **state)
{
	*state = start_server(methods, 100, 60);
	run_server(*state);
	return 0;
}

static int setup_for_two_connections(void **state)
{
	*state = start_server(methods, 2, 60);
	run_server(*state);
	return 0;
}

static int teardown(void **state)
{
	stop_server(*state);
	return 0;
}

static void check_alive(struct fixture *fixture)
{
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_success(grpc_call_unary(fixture->address, fixture->client_tls, "/test/Echo",
			       bytes_of_text("alive"), &result, &err),
		err);
	assert_string_equal(buf_text(&result.body), "alive");
}

/* Sends it over TLS and reads what comes until the server closes the connection. */
static void check_closed(struct fixture *fixture, const struct buf *sent)
{
	SSL *ssl = connect_raw(fixture, "\x02h2");
	uint8_t byte;
	send_raw(ssl, sent);
	while (read_raw(ssl, &byte, 1))
		continue;
	close_raw(ssl);
	check_alive(fixture);
}

static void garbage_in_place_of_tls_is_dropped(void **state)
{
	static const char *const greetings[] = { "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\x01\xff\xff garbage", "\x80\x2e\x01" };
	struct fixture *fixture = *state;
	for (size_t i = 0; i < sizeof(greetings) / sizeof(*greetings); i++) {
		int fd = connect_plain(fixture->address);
		send(fd, greetings[i], strlen(greetings[i]), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		char rest[256];
		while (recv(fd, rest, sizeof(rest), 0) > 0)
			continue;
		close(fd);
	}
	check_alive(fixture);
}

static void another_protocol_within_tls_is_dropped(void **state)
{
	AUTO(buf_free) struct buf sent = { 0 };
	buf_put_text(&sent, "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n");
	check_closed(*state, &sent);
}

static void broken_frames_end_the_connection(void **state)
{
	static const char *const no_headers[] = { NULL };
	struct fixture *fixture = *state;
	struct buf frames[6];
	for (size_t i = 0; i < 6; i++)
		frames[i] = client_start();
	/* settings of five bytes; data on stream 0; on a stream that was never opened */
	put_frame(&frames[0], HTTP2_SETTINGS, 0, 0, (struct bytes){ "12345", 5 });
	put_frame(&frames[1], HTTP2_DATA, 0, 0, (struct bytes){ "x", 1 });
	put_frame(&frames[2], HTTP2_DATA, 0, 7, (struct bytes){ "x", 1 });
	/* an even stream; a header block that does not decode; a frame over the bound */
	put_headers(&frames[3], 0, 2, no_headers);
	put_frame(&frames[4], HTTP2_HEADERS, HTTP2_END_HEADERS, 1,
		(struct bytes){ "\xff\xff\xff\xff\xff\xff\xff", 7 });
	buf_put(&frames[5], "\xff\xff\xff\0\0\0\0\0\1", 9);
	for (size_t i = 0; i < 6; i++) {
		check_closed(fixture, &frames[i]);
		buf_free(&frames[i]);
	}
}

static void a_conversation_may_break_off_anywhere(void **state)
{
	struct fixture *fixture = *state;
	AUTO(buf_free) struct buf whole = client_start();
	put_request(&whole, 1, "/test/Echo", (struct bytes){ "\0\0\0\0\3abc", 8 });
	for (size_t size = 1; size < whole.size; size += 7) {
		SSL *ssl = connect_raw(fixture, "\x02h2");
		struct buf part = { .data = whole.data, .size = size };
		send_raw(ssl, &part);
		close_raw(ssl);
	}
	check_alive(fixture);
}

static void floods_end_the_connection(void **state)
{
	AUTO(buf_free) struct buf settings = client_start();
	AUTO(buf_free) struct buf resets = client_start();
	AUTO(buf_free) struct buf pings = client_start();
	AUTO(buf_free) struct buf six_parts = { 0 };
	for (uint32_t i = 0; i < 2000; i++) {
		put_request(&resets, 2 * i + 1, "/test/Echo", (struct bytes){ "\0\0\0\0\1x", 6 });
		put_frame(
			&resets, HTTP2_RST_STREAM, 0, 2 * i + 1, (struct bytes){ "\0\0\0\x8", 4 });
		put_frame(&pings, HTTP2_PING, 0, 0, (struct bytes){ "12345678", 8 });
	}
	for (size_t i = 0; i < 50; i++)
		buf_put(&six_parts, "\0\3\0\0\0\1", 6);
	put_frame(&settings, HTTP2_SETTINGS, 0, 0, buf_bytes(&six_parts));
	check_closed(*state, &settings);
	check_closed(*state, &resets);
	/* pings are answered as long as the answers are read */
	SSL *ssl = connect_raw(*state, "\x02h2");
	AUTO(buf_free) struct buf headers = { 0 };
	put_request(&pings, 1, "/test/Echo", (struct bytes){ "\0\0\0\0\1x", 6 });
	send_raw(ssl, &pings);
	read_answers(ssl, 1, &headers);
	close_raw(ssl);
	check_alive(*state);
}

static void headers_over_the_bound_end_the_call(void **state)
{
	struct fixture *fixture = *state;
	AUTO(buf_free) struct buf ask = client_start();
	AUTO(buf_free) struct buf block = { 0 };
	char value[121];
	memset(value, 'v', 120);
	value[120] = 0;
	put_header(&block, ":method", "POST");
	while (block.size < 16300)
		put_header(&block, "x", value);
	put_frame(&ask, HTTP2_HEADERS, 0, 1, buf_bytes(&block));
	put_frame(&ask, HTTP2_CONTINUATION, HTTP2_END_HEADERS, 1, buf_bytes(&block));
	SSL *ssl = connect_raw(fixture, "\x02h2");
	AUTO(buf_free) struct buf headers = { 0 };
	send_raw(ssl, &ask);
	read_answers(ssl, 1, &headers);
	assert_non_null(strstr(buf_text(&headers), "RST_STREAM"));
	close_raw(ssl);
	check_alive(fixture);
}

static void one_stream_too_many_is_refused(void **state)
{
	AUTO(buf_free) struct buf ask = client_start();
	/* what the server's settings say must be confirmed before they bind the client */
	put_frame(&ask, HTTP2_SETTINGS, 1, 0, (struct bytes){ NULL, 0 });
	for (uint32_t i = 0; i < 33; i++)
		put_headers(&ask, 0, 2 * i + 1,
			(const char *const[]){ ":method", "POST", ":scheme", "https", ":authority",
				"a", ":path", "/test/Echo", "content-type", "application/grpc",
				NULL });
	SSL *ssl = connect_raw(*state, "\x02h2");
	AUTO(buf_free) struct buf headers = { 0 };
	send_raw(ssl, &ask);
	read_answers(ssl, 1, &headers);
	assert_true(
		strstr(buf_text(&headers), "RST_STREAM 7") || strstr(buf_text(&headers), "GOAWAY"));
	close_raw(ssl);
	check_alive(*state);
}

static void connections_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	SSL *first = connect_raw(fixture, "\x02h2");
	SSL *second = connect_raw(fixture, "\x02h2");
	SSL *third = connect_raw(fixture, "\x02h2");
	assert_true(SSL_is_init_finished(first) && SSL_is_init_finished(second));
	assert_false(SSL_is_init_finished(third));
	close_raw(third);
	close_raw(second);
	/* its end makes room, as soon as the server has seen it */
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	while (!grpc_call_unary(fixture->address, fixture->client_tls, "/test/Echo",
		bytes_of_text("x"), &result, &err))
		assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	close_raw(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			garbage_in_place_of_tls_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_protocol_within_tls_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_frames_end_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_conversation_may_break_off_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(floods_end_the_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(
			headers_over_the_bound_end_the_call, setup, teardown),
		cmocka_unit_test_setup_teardown(one_stream_too_many_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			connections_are_bounded, setup_for_two_connections, teardown),
	};
	return cmocka_run_group_tests_name("grpc_hostile", tests, NULL, NULL);
}
