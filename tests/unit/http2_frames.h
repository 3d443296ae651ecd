/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 frames by hand, so that tests can also write what no library would. */
#ifndef TESTS_HTTP2_FRAMES_H
#define TESTS_HTTP2_FRAMES_H

#include "base/buf.h"

#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum http2_type {
	HTTP2_DATA = 0,
	HTTP2_HEADERS = 1,
	HTTP2_RST_STREAM = 3,
	HTTP2_SETTINGS = 4,
	HTTP2_PING = 6,
	HTTP2_GOAWAY = 7,
	HTTP2_WINDOW_UPDATE = 8,
	HTTP2_CONTINUATION = 9,
};

enum http2_flag { HTTP2_END_STREAM = 1, HTTP2_END_HEADERS = 4 };

static inline void put_frame(
	struct buf *out, enum http2_type type, int flags, uint32_t stream, struct bytes payload)
{
	uint8_t head[9] = { (uint8_t)(payload.size >> 16), (uint8_t)(payload.size >> 8),
		(uint8_t)payload.size, (uint8_t)type, (uint8_t)flags, (uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };
	buf_put(out, head, sizeof(head));
	buf_put(out, payload.data, payload.size);
}

/* HPACK "literal header field without indexing"; names and values below 127 bytes. */
static inline void put_header(struct buf *out, const char *name, const char *value)
{
	buf_put_u8(out, 0);
	buf_put_u8(out, (uint8_t)strlen(name));
	buf_put_text(out, name);
	buf_put_u8(out, (uint8_t)strlen(value));
	buf_put_text(out, value);
}

/* A HEADERS frame with pairs of name and value, ended by NULL. */
static inline void put_headers(
	struct buf *out, int flags, uint32_t stream, const char *const *pairs)
{
	struct buf block = { 0 };
	for (size_t i = 0; pairs[i]; i += 2)
		put_header(&block, pairs[i], pairs[i + 1]);
	put_frame(out, HTTP2_HEADERS, flags | HTTP2_END_HEADERS, stream, buf_bytes(&block));
	buf_free(&block);
}

#endif
