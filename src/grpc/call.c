/* SPDX-License-Identifier: Apache-2.0 */
#include "grpc/server_private.h"

#include "base/memory.h"

#include <event2/bufferevent_ssl.h>
#include <string.h>

#define HEADER_BYTES_MAX 16384
/*
 * Requests may be long but hardly ever are. Beyond the first part of each, all that are still on
 * their way share this room, so that many peers cannot fill the memory with requests they never
 * complete.
 */
#define REQUEST_ALWAYS    65536
#define REQUEST_BYTES_MAX (16 * (size_t)GRPC_MESSAGE_MAX)

struct grpc_call *grpc_call_new(struct grpc_connection *connection, int32_t stream)
{
	struct grpc_call *call = xcalloc(1, sizeof(*call));
	call->connection = connection;
	call->stream = stream;
	LIST_INSERT_HEAD(&connection->calls, call, entry);
	return call;
}

static void release_request(struct grpc_call *call)
{
	call->connection->server->request_bytes -= call->request.message.size;
	buf_free(&call->request.message);
}

static void free_call(struct grpc_call *call)
{
	buf_free(&call->reply);
	free(call);
}

void grpc_call_close(struct grpc_call *call)
{
	LIST_REMOVE(call, entry);
	release_request(call);
	call->connection = NULL;
	if (call->phase != CALL_WITH_HANDLER) {
		free_call(call);
	} else if (call->gone) {
		call->gone(call->gone_context);
		free_call(call);
	}
	/* else it waits for its answer, which then goes nowhere */
}

static const struct grpc_method *find_method(const struct grpc_method *methods, struct bytes path)
{
	for (; methods->path; methods++) {
		if (bytes_equal(bytes_of_text(methods->path), path))
			return methods;
	}
	return NULL;
}

static bool is_text(struct bytes bytes, const char *text)
{
	return bytes_equal(bytes, bytes_of_text(text));
}

static bool starts_with(struct bytes bytes, const char *text)
{
	size_t length = strlen(text);
	return bytes.size >= length && !memcmp(bytes.data, text, length);
}

bool grpc_call_take_header(struct grpc_call *call, struct bytes name, struct bytes value)
{
	call->header_bytes += name.size + value.size;
	if (is_text(name, ":method"))
		call->is_post = is_text(value, "POST");
	else if (is_text(name, ":path"))
		call->method = find_method(call->connection->server->config.methods, value);
	else if (is_text(name, "content-type"))
		call->is_grpc = starts_with(value, "application/grpc");
	else if (is_text(name, "grpc-encoding"))
		call->is_encoded = !is_text(value, "identity");
	return call->header_bytes <= HEADER_BYTES_MAX;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
		NGHTTP2_NV_FLAG_NONE };
}

/* Submits what was prepared; an error means that the stream is gone, which its close tells. */
static void respond(struct grpc_call *call, const nghttp2_nv *headers, size_t count,
	const nghttp2_data_provider *body)
{
	call->phase = CALL_ANSWERED;
	(void)nghttp2_submit_response(
		call->connection->session, call->stream, headers, count, body);
	grpc_connection_touch(call->connection);
	grpc_connection_wake(call->connection);
}

static void refuse_as_http(struct grpc_call *call, const char *status)
{
	const nghttp2_nv headers[] = { header(":status", status) };
	respond(call, headers, 1, NULL);
}

void grpc_call_headers_end(struct grpc_call *call)
{
	if (!call->is_post)
		refuse_as_http(call, "405");
	else if (!call->is_grpc)
		refuse_as_http(call, "415");
	else if (!call->method)
		grpc_call_fail(call, GRPC_UNIMPLEMENTED, "unknown service or method");
	else if (call->is_encoded)
		grpc_call_fail(call, GRPC_UNIMPLEMENTED, "compressed messages are not supported");
}

void grpc_call_take_data(struct grpc_call *call, const uint8_t *data, size_t size)
{
	if (call->phase != CALL_RECEIVING)
		return;
	size_t *total = &call->connection->server->request_bytes;
	if (call->request.message.size + size > REQUEST_ALWAYS &&
		*total + size > REQUEST_BYTES_MAX) {
		grpc_call_fail(call, GRPC_RESOURCE_EXHAUSTED,
			"too many long requests at a time; try again");
		return;
	}
	size_t before = call->request.message.size;
	struct grpc_problem problem = grpc_assembler_add(&call->request, data, size);
	*total += call->request.message.size - before;
	if (problem.code != GRPC_OK)
		grpc_call_fail(call, problem.code, problem.text);
}

void grpc_call_request_end(struct grpc_call *call)
{
	call->request_ended = true;
	if (call->phase != CALL_RECEIVING)
		return;
	struct grpc_problem problem = grpc_assembler_end(&call->request);
	if (problem.code != GRPC_OK) {
		grpc_call_fail(call, problem.code, problem.text);
		return;
	}
	call->phase = CALL_WITH_HANDLER;
	grpc_connection_touch(call->connection);
	call->method->handle(call, buf_bytes(&call->request.message), call->method->context);
	release_request(call);
}

X509 *grpc_call_peer_certificate(const struct grpc_call *call)
{
	if (!call->connection)
		return NULL;
	return SSL_get0_peer_certificate(bufferevent_openssl_get_ssl(call->connection->stream));
}

void grpc_call_on_gone(struct grpc_call *call, void (*gone)(void *context), void *context)
{
	call->gone = gone;
	call->gone_context = context;
}

static ssize_t give_reply(nghttp2_session *session, int32_t stream, uint8_t *out, size_t size,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	(void)context;
	struct grpc_call *call = source->ptr;
	size_t left = call->reply.size - call->replied;
	size_t step = left < size ? left : size;
	memcpy(out, call->reply.data + call->replied, step);
	call->replied += step;
	if (step == left) {
		const nghttp2_nv trailers[] = { header("grpc-status", "0") };
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		(void)nghttp2_submit_trailer(session, stream, trailers, 1);
	}
	return (ssize_t)step;
}

void grpc_call_reply(struct grpc_call *call, struct bytes message)
{
	if (!call->connection) {
		free_call(call);
		return;
	}
	if (message.size > GRPC_MESSAGE_MAX) {
		grpc_call_fail(call, GRPC_RESOURCE_EXHAUSTED,
			"the answer is longer than the 4194304 bytes that a message may have");
		return;
	}
	const nghttp2_nv headers[] = {
		header(":status", "200"),
		header("content-type", "application/grpc"),
	};
	nghttp2_data_provider body = { .source.ptr = call, .read_callback = give_reply };
	grpc_put_message(&call->reply, message);
	respond(call, headers, 2, &body);
}

void grpc_call_fail(struct grpc_call *call, enum grpc_code code, const char *message)
{
	if (!call->connection) {
		free_call(call);
		return;
	}
	AUTO(buf_free) struct buf status = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	buf_printf(&status, "%d", (int)code);
	grpc_percent_encode(&text, message);
	const nghttp2_nv headers[] = {
		header(":status", "200"),
		header("content-type", "application/grpc"),
		header("grpc-status", buf_text(&status)),
		header("grpc-message", buf_text(&text)),
	};
	respond(call, headers, sizeof(headers) / sizeof(*headers), NULL);
}
