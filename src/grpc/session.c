/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 as far as it concerns calls. Against floods of small things (settings, pings, resets,
 * continuations) nghttp2 has limits of its own, which end the session.
 */
#include "grpc/server_private.h"

#include "base/memory.h"

/* A marble makes one call. */
#define STREAMS_MAX     32
#define HEADER_LIST_MAX 16384

static struct grpc_call *call_of(nghttp2_session *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session, stream);
}

static bool is_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	if (is_request(frame))
		nghttp2_session_set_stream_user_data(
			session, frame->hd.stream_id, grpc_call_new(context, frame->hd.stream_id));
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
	(void)flags, (void)context;
	struct grpc_call *call = call_of(session, frame->hd.stream_id);
	if (!call || grpc_call_take_header(call, (struct bytes){ name, name_size },
			     (struct bytes){ value, value_size }))
		return 0;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* ends the stream */
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
	size_t size, void *context)
{
	(void)flags, (void)context;
	struct grpc_call *call = call_of(session, stream);
	if (call)
		grpc_call_take_data(call, data, size);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	(void)context;
	struct grpc_call *call = call_of(session, frame->hd.stream_id);
	if (!call || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (is_request(frame))
		grpc_call_headers_end(call);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		grpc_call_request_end(call);
	return 0;
}

/* An answer may end before its request: then the peer need not send the rest. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
	(void)context;
	struct grpc_call *call = call_of(session, frame->hd.stream_id);
	if (call && !call->request_ended && frame->hd.type == NGHTTP2_HEADERS &&
		frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		return nghttp2_submit_rst_stream(
			session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t reason, void *context)
{
	(void)reason, (void)context;
	struct grpc_call *call = call_of(session, stream);
	if (call)
		grpc_call_close(call);
	return 0;
}

static void *session_malloc(size_t size, void *context)
{
	(void)context;
	return wiping_malloc(size);
}

static void session_free(void *p, void *context)
{
	(void)context;
	wiping_free(p);
}

static void *session_calloc(size_t count, size_t size, void *context)
{
	(void)context;
	return wiping_calloc(count, size);
}

static void *session_realloc(void *p, size_t size, void *context)
{
	(void)context;
	return wiping_realloc(p, size);
}

nghttp2_session *grpc_session_new(struct grpc_connection *connection)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST_MAX },
	};
	/* answers are made of secrets, and pass through the session's memory */
	nghttp2_mem memory = { NULL, session_malloc, session_free, session_calloc,
		session_realloc };
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;
	if (nghttp2_session_callbacks_new(&callbacks))
		abort();
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	if (nghttp2_session_server_new3(&session, callbacks, connection, NULL, &memory) ||
		nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 2))
		abort();
	nghttp2_session_callbacks_del(callbacks);
	return session;
}
