/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a call against answers that are made by hand. */
#include "unit.h"

#include "base/cleanup.h"
#include "grpc/exchange.h"
#include "http2_frames.h"

static const char *const good_head[] = { ":status", "200", "content-type", "application/grpc",
	NULL };
static const char *const good_end[] = { "grpc-status", "0", NULL };

static struct grpc_exchange *new_exchange(void)
{
	struct grpc_exchange *exchange =
		grpc_exchange_new("localhost:2001", "/rpc.Marble/Activate", bytes_of_text("ask"));
	while (grpc_exchange_pull(exchange).size)
		continue;
	return exchange;
}

static struct buf server_start(void)
{
	struct buf out = { 0 };
	put_frame(&out, HTTP2_SETTINGS, 0, 0, (struct bytes){ NULL, 0 });
	return out;
}

/* The whole conversation; *err tells why it failed. *result is replaced. */
static bool converse(const struct buf *answer, struct grpc_call_result *result, struct error *err)
{
	AUTO(auto_grpc_exchange) struct grpc_exchange *exchange = new_exchange();
	grpc_call_result_free(result);
	for (size_t i = 0; i < answer->size && !grpc_exchange_is_done(exchange); i++) {
		/* byte by byte but for the start, by which other protocols are known */
		size_t size = i ? 1 : answer->size < 9 ? answer->size : 9;
		if (!grpc_exchange_push(exchange, (struct bytes){ answer->data + i, size }, err))
			return false;
		i += size - 1;
		while (grpc_exchange_pull(exchange).size)
			continue;
	}
	if (!grpc_exchange_is_done(exchange))
		return error_set(err, ERROR_STATE, "still waiting");
	return grpc_exchange_finish(exchange, result, err);
}

static void check_status(const struct buf *answer, int code, const char *text)
{
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_success(converse(answer, &result, &err), err);
	assert_int_equal(result.code, code);
	if (!strstr(buf_text(&result.message), text))
		fail_msg("\"%s\" instead of \"%s\"", buf_text(&result.message), text);
}

static void check_no_grpc(const struct buf *answer, const char *text)
{
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_failure(converse(answer, &result, &err), err, ERROR_INVALID, text);
}

static void an_answer_is_taken_apart(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf answer = server_start();
	put_headers(&answer, 0, 1, good_head);
	put_frame(&answer, HTTP2_DATA, 0, 1, (struct bytes){ "\0\0\0\0\5he", 7 });
	put_frame(&answer, HTTP2_DATA, 0, 1, (struct bytes){ "llo", 3 });
	put_headers(&answer, HTTP2_END_STREAM, 1, good_end);
	AUTO(grpc_call_result_free) struct grpc_call_result result = { 0 };
	struct error err = { 0 };
	assert_success(converse(&answer, &result, &err), err);
	assert_int_equal(result.code, GRPC_OK);
	assert_string_equal(buf_text(&result.body), "hello");
	/* cut anywhere before its end it is no answer */
	for (answer.size -= 1; answer.size > 9; answer.size--)
		assert_false(converse(&answer, &result, &err));
}

static void a_refusal_keeps_its_code_and_text(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf answer = server_start();
	put_headers(&answer, HTTP2_END_STREAM, 1,
		(const char *const[]){ ":status", "200", "content-type", "application/grpc+proto",
			"grpc-status", "7", "grpc-message", "caf%C3%A9", NULL });
	check_status(&answer, GRPC_PERMISSION_DENIED, "caf\xc3\xa9");
}

static void an_answer_without_exactly_one_message_is_an_internal_error(void **state)
{
	(void)state;
	static const struct bytes bodies[] = { { "", 0 }, { "\0\0\0\0\2x", 6 },
		{ "\0\0\0\0\1xy", 7 }, { "\0\0\0\0\1x\0\0\0\0\1x", 12 } };
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		AUTO(buf_free) struct buf answer = server_start();
		put_headers(&answer, 0, 1, good_head);
		put_frame(&answer, HTTP2_DATA, 0, 1, bodies[i]);
		put_headers(&answer, HTTP2_END_STREAM, 1, good_end);
		check_status(&answer, GRPC_INTERNAL, "message");
	}
}

static void a_message_that_is_too_long_is_not_awaited(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf answer = server_start();
	put_headers(&answer, 0, 1, good_head);
	put_frame(&answer, HTTP2_DATA, 0, 1, (struct bytes){ "\0\0\x40\0\1", 5 });
	check_status(&answer, GRPC_RESOURCE_EXHAUSTED, "4194304");
}

static void a_stream_that_ends_otherwise_has_a_code(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf answer = server_start();
	put_headers(&answer, HTTP2_END_STREAM, 1, good_head);
	check_status(&answer, GRPC_INTERNAL, "without sending trailers");
	static const struct {
		const char *reason;
		int code;
		const char *name;
	} resets[] = {
		{ "\0\0\0\2", GRPC_INTERNAL, "INTERNAL_ERROR" },
		{ "\0\0\0\7", GRPC_UNAVAILABLE, "REFUSED_STREAM" },
		{ "\0\0\0\x8", GRPC_CANCELLED, "CANCEL" },
		{ "\0\0\0\xb", GRPC_RESOURCE_EXHAUSTED, "ENHANCE_YOUR_CALM" },
		{ "\0\0\0\xc", GRPC_PERMISSION_DENIED, "INADEQUATE_SECURITY" },
	};
	for (size_t i = 0; i < sizeof(resets) / sizeof(*resets); i++) {
		AUTO(buf_free) struct buf reset = server_start();
		put_frame(&reset, HTTP2_RST_STREAM, 0, 1, (struct bytes){ resets[i].reason, 4 });
		check_status(&reset, resets[i].code, resets[i].name);
	}
	AUTO(buf_free) struct buf goaway = server_start();
	put_frame(&goaway, HTTP2_GOAWAY, 0, 0, (struct bytes){ "\0\0\0\0\0\0\0\0", 8 });
	check_status(&goaway, GRPC_UNAVAILABLE, "REFUSED_STREAM");
}

static void other_protocols_are_recognised(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf http1 = { 0 };
	buf_put_text(&http1, "HTTP/1.1 400 Bad Request\r\n\r\n");
	check_no_grpc(&http1, "that is the client API (HTTPS); EDG_MARBLE_COORDINATOR_ADDR");
	AUTO(buf_free) struct buf http2 = server_start();
	put_headers(&http2, HTTP2_END_STREAM, 1,
		(const char *const[]){ ":status", "404", "content-type", "text/plain", NULL });
	check_no_grpc(&http2, "HTTP status 404, not with gRPC: that is the client API");
	AUTO(buf_free) struct buf smtp = { 0 };
	buf_put_text(&smtp, "220 mail.example ESMTP\r\n");
	check_no_grpc(&smtp, "does not keep to HTTP/2");
}

static void endless_headers_end_the_call(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf answer = server_start();
	AUTO(buf_free) struct buf block = { 0 };
	put_header(&block, ":status", "103");
	char value[121];
	memset(value, 'v', 120);
	value[120] = 0;
	while (block.size < 15000)
		put_header(&block, "x-filler", value);
	for (size_t i = 0; i < 5; i++)
		put_frame(&answer, HTTP2_HEADERS, HTTP2_END_HEADERS, 1, buf_bytes(&block));
	check_no_grpc(&answer, "more than 65536 bytes of headers");
}

static void a_request_is_sent_as_the_window_allows(void **state)
{
	(void)state;
	AUTO(buf_free) struct buf request = { 0 };
	buf_put_zeros(&request, 100000);
	AUTO(auto_grpc_exchange)
	struct grpc_exchange *exchange = grpc_exchange_new("a:1", "/x", buf_bytes(&request));
	size_t sent = 0;
	for (struct bytes data; (data = grpc_exchange_pull(exchange)).size;)
		sent += data.size;
	assert_in_range(sent, 65535, 66500);
	struct error err = { 0 };
	AUTO(buf_free) struct buf more = server_start();
	put_frame(&more, HTTP2_WINDOW_UPDATE, 0, 0, (struct bytes){ "\0\1\0\0", 4 });
	put_frame(&more, HTTP2_WINDOW_UPDATE, 0, 1, (struct bytes){ "\0\1\0\0", 4 });
	assert_success(grpc_exchange_push(exchange, buf_bytes(&more), &err), err);
	for (struct bytes data; (data = grpc_exchange_pull(exchange)).size;)
		sent += data.size;
	assert_in_range(sent, 100005, 101000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_taken_apart),
		cmocka_unit_test(a_refusal_keeps_its_code_and_text),
		cmocka_unit_test(an_answer_without_exactly_one_message_is_an_internal_error),
		cmocka_unit_test(a_message_that_is_too_long_is_not_awaited),
		cmocka_unit_test(a_stream_that_ends_otherwise_has_a_code),
		cmocka_unit_test(other_protocols_are_recognised),
		cmocka_unit_test(endless_headers_end_the_call),
		cmocka_unit_test(a_request_is_sent_as_the_window_allows),
	};
	return cmocka_run_group_tests_name("grpc_exchange", tests, NULL, NULL);
}
