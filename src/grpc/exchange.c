/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/exchange.h"

#include "base/memory.h"
#include "grpc/framing.h"
#include "grpc/hints.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

#define HEADER_BYTES_MAX 65536

struct grpc_exchange {
	nghttp2_session *session;
	int32_t stream;
	struct buf request; /* with prefix */
	size_t sent;
	bool heard; /* the peer has sent something */
	size_t header_bytes;
	int http_status; /* 0: no answer yet */
	bool is_grpc;    /* by its content type */
	bool has_status;
	int status;
	struct buf status_text;
	struct grpc_assembler response;
	struct grpc_problem problem; /* with the response */
	bool closed;
	uint32_t close_reason; /* as HTTP/2 numbers them */
};

static ssize_t give_request(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	(void)session, (void)stream, (void)source;
	struct grpc_exchange *exchange = context;
	size_t left = exchange->request.size - exchange->sent;
	size_t step = left < size ? left : size;
	memcpy(out, exchange->request.data + exchange->sent, step);
	exchange->sent += step;
	if (step == left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)step;
}

static bool is_named(const char *name, const uint8_t *bytes, size_t size)
{
	return bytes_equal(bytes_of_text(name), (struct bytes){ bytes, size });
}

static void take_header(
	struct grpc_exchange *exchange, const uint8_t *name, size_t name_size, struct bytes value)
{
	static const char grpc_type[] = "application/grpc";
	if (is_named(":status", name, name_size)) {
		exchange->http_status = grpc_parse_status(value);
	} else if (is_named("content-type", name, name_size)) {
		exchange->is_grpc = value.size >= sizeof(grpc_type) - 1 &&
				    !memcmp(value.data, grpc_type, sizeof(grpc_type) - 1);
	} else if (is_named("grpc-status", name, name_size)) {
		exchange->has_status = true;
		exchange->status = grpc_parse_status(value);
	} else if (is_named("grpc-message", name, name_size)) {
		buf_clear(&exchange->status_text);
		grpc_percent_decode(&exchange->status_text, value);
	}
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
	(void)session, (void)frame, (void)flags;
	struct grpc_exchange *exchange = context;
	exchange->header_bytes += name_size + value_size;
	if (exchange->header_bytes > HEADER_BYTES_MAX)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	take_header(exchange, name, name_size, (struct bytes){ value, value_size });
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
	size_t size, void *context)
{
	(void)session, (void)flags, (void)stream;
	struct grpc_exchange *exchange = context;
	/* of an answer that is not gRPC the status tells enough */
	if (!exchange->is_grpc || exchange->closed)
		return 0;
	exchange->problem = grpc_assembler_add(&exchange->response, data, size);
	exchange->closed = exchange->problem.code != GRPC_OK;
	return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t reason, void *context)
{
	(void)session, (void)stream;
	struct grpc_exchange *exchange = context;
	exchange->closed = true;
	exchange->close_reason = reason;
	return 0;
}

static void start_session(struct grpc_exchange *exchange)
{
	nghttp2_session_callbacks *callbacks;
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES_MAX },
	};
	if (nghttp2_session_callbacks_new(&callbacks))
		abort();
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	int failed = nghttp2_session_client_new(&exchange->session, callbacks, exchange);
	nghttp2_session_callbacks_del(callbacks);
	if (failed || nghttp2_submit_settings(exchange->session, NGHTTP2_FLAG_NONE, settings, 2))
		abort();
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NONE };
}

struct grpc_exchange *grpc_exchange_new(
	const char *authority, const char *path, struct bytes request)
{
	struct grpc_exchange *exchange = xcalloc(1, sizeof(*exchange));
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "https"),
		header(":path", path),
		header(":authority", authority),
		header("content-type", "application/grpc"),
		header("user-agent", "grpc-c-marblerun"),
		header("te", "trailers"),
	};
	nghttp2_data_provider body = { .read_callback = give_request };
	grpc_put_message(&exchange->request, request);
	start_session(exchange);
	exchange->stream = nghttp2_submit_request(
		exchange->session, NULL, headers, sizeof(headers) / sizeof(*headers), &body, NULL);
	if (exchange->stream < 0)
		abort();
	return exchange;
}

void grpc_exchange_free(struct grpc_exchange *exchange)
{
	nghttp2_session_del(exchange->session);
	buf_free(&exchange->request);
	buf_free(&exchange->status_text);
	buf_free(&exchange->response.message);
	free(exchange);
}

struct bytes grpc_exchange_pull(struct grpc_exchange *exchange)
{
	const uint8_t *data = NULL;
	ssize_t size = nghttp2_session_mem_send(exchange->session, &data);
	/* it can fail for lack of memory alone: no callback of ours fails while sending */
	if (size < 0)
		abort();
	return (struct bytes){ data, (size_t)size };
}

bool grpc_exchange_push(struct grpc_exchange *exchange, struct bytes data, struct error *err)
{
	static const char http1[] = "HTTP/1.";
	size_t length = sizeof(http1) - 1;
	if (!exchange->heard && data.size >= length && !memcmp(data.data, http1, length))
		return error_set(err, ERROR_INVALID, "answers with HTTP/1, not with gRPC: %s",
			GRPC_HINT_CLIENT_API);
	exchange->heard = true;
	ssize_t taken = nghttp2_session_mem_recv(exchange->session, data.data, data.size);
	if (exchange->header_bytes > HEADER_BYTES_MAX)
		return error_set(err, ERROR_INVALID, "answers with more than %d bytes of headers",
			HEADER_BYTES_MAX);
	if (taken < 0)
		return error_set(err, ERROR_INVALID, "does not keep to HTTP/2: %s",
			nghttp2_strerror((int)taken));
	if (!exchange->closed && !nghttp2_session_want_read(exchange->session))
		return error_set(err, ERROR_INVALID, "does not keep to HTTP/2");
	return true;
}

bool grpc_exchange_is_begun(const struct grpc_exchange *exchange)
{
	return exchange->heard;
}

bool grpc_exchange_is_done(const struct grpc_exchange *exchange)
{
	return exchange->closed;
}

static int code_of_reset(uint32_t reason)
{
	switch (reason) {
	case NGHTTP2_REFUSED_STREAM:
		return GRPC_UNAVAILABLE;
	case NGHTTP2_CANCEL:
		return GRPC_CANCELLED;
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return GRPC_RESOURCE_EXHAUSTED;
	case NGHTTP2_INADEQUATE_SECURITY:
		return GRPC_PERMISSION_DENIED;
	default:
		return GRPC_INTERNAL;
	}
}

static void set_status(struct grpc_call_result *result, int code, const char *text)
{
	result->code = code;
	buf_clear(&result->message);
	buf_put_text(&result->message, text);
}

/* No status came: the peer ended the stream in some other way. */
static void finish_without_status(
	const struct grpc_exchange *exchange, struct grpc_call_result *result)
{
	if (exchange->close_reason == NGHTTP2_NO_ERROR) {
		set_status(
			result, GRPC_INTERNAL, "server closed the stream without sending trailers");
		return;
	}
	set_status(result, code_of_reset(exchange->close_reason),
		"stream terminated by RST_STREAM with error code: ");
	buf_put_text(&result->message, nghttp2_http2_strerror(exchange->close_reason));
}

bool grpc_exchange_finish(
	struct grpc_exchange *exchange, struct grpc_call_result *result, struct error *err)
{
	if (exchange->http_status && !exchange->is_grpc)
		return error_set(err, ERROR_INVALID,
			"answers with HTTP status %d, not with gRPC: %s", exchange->http_status,
			GRPC_HINT_CLIENT_API);
	struct grpc_problem problem = exchange->problem;
	if (problem.code == GRPC_OK && exchange->has_status && exchange->status == GRPC_OK)
		problem = grpc_assembler_end(&exchange->response);
	if (problem.code != GRPC_OK) {
		set_status(result, (int)problem.code, problem.text);
	} else if (exchange->has_status) {
		set_status(result, exchange->status, "");
		buf_put(&result->message, exchange->status_text.data, exchange->status_text.size);
	} else {
		finish_without_status(exchange, result);
	}
	if (result->code == GRPC_OK)
		result->body = buf_take(&exchange->response.message);
	return true;
}
