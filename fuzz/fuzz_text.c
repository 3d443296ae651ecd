/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/uuid.h"
#include "crypto/pem.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

/* What was decoded is decoded again from what it is encoded as. */
static void code_base64(struct bytes text)
{
	AUTO(buf_free) struct buf bytes = { 0 };
	AUTO(buf_free) struct buf encoded = { 0 };
	AUTO(buf_free) struct buf again = { 0 };
	if (base64_decode(&bytes, text.data, text.size))
		base64_encode(&encoded, bytes.data, bytes.size);
	else if (base64_url_decode(&bytes, text.data, text.size))
		base64_url_encode(&encoded, bytes.data, bytes.size);
	bool is_decoded = base64_decode(&again, buf_text(&encoded), encoded.size) ||
			  base64_url_decode(&again, buf_text(&encoded), encoded.size);
	if (!is_decoded || !bytes_equal(buf_bytes(&again), buf_bytes(&bytes)))
		abort();
}

static void code_hex(struct bytes text)
{
	AUTO(buf_free) struct buf bytes = { 0 };
	AUTO(buf_free) struct buf digits = { 0 };
	if (!hex_decode(&bytes, text.data, text.size))
		return;
	hex_encode(&digits, bytes.data, bytes.size);
	if (digits.size != text.size || strncasecmp(buf_text(&digits), text.data, text.size) != 0)
		abort();
}

static void code_pem(struct bytes text)
{
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	char label[PEM_LABEL_MAX];
	char same_label[PEM_LABEL_MAX];
	AUTO(buf_free) struct buf der = { 0 };
	while (pem_next(&reader, label, &der, FUZZ_ERR)) {
		AUTO(buf_free) struct buf encoded = { 0 };
		AUTO(buf_free) struct buf same = { 0 };
		pem_encode(&encoded, label, buf_bytes(&der));
		struct pem_reader again = pem_reader_of(encoded.data, encoded.size);
		if (!pem_next(&again, same_label, &same, FUZZ_ERR) ||
			strcmp(label, same_label) != 0 ||
			!bytes_equal(buf_bytes(&der), buf_bytes(&same)))
			abort();
	}
}

static void read_numbers(const char *text)
{
	char date[CLOCK_TEXT_SIZE];
	char canonical[UUID_TEXT_SIZE];
	char same[UUID_TEXT_SIZE];
	unsigned long number;
	int64_t seconds;
	if (clock_parse_utc(text, &seconds)) {
		clock_format_utc(date, seconds);
		if (strcmp(date, text) != 0)
			abort();
	}
	if (number_parse(text, UINT32_MAX, &number) && number > UINT32_MAX)
		abort();
	if (uuid_parse(text, strlen(text), canonical, FUZZ_ERR) &&
		(!uuid_parse(canonical, strlen(canonical), same, FUZZ_ERR) ||
			strcmp(canonical, same) != 0))
		abort();
}

static void read_url(const char *text)
{
	struct net_url url;
	AUTO(buf_free) struct buf escaped = { 0 };
	AUTO(buf_free) struct buf decoded = { 0 };
	if (net_url_parse(text, &url, FUZZ_ERR) && (url.target < text || !*url.address.host))
		abort();
	net_url_put_escaped(&escaped, text);
	if (!net_url_put_decoded(&decoded, buf_bytes(&escaped)) ||
		!bytes_equal(buf_bytes(&decoded), bytes_of_text(text)))
		abort();
}

/* The code points of valid sequences make the same sequences again. */
static void read_utf8(struct bytes text)
{
	const char *next = text.data;
	for (size_t left = text.size; left;) {
		AUTO(buf_free) struct buf same = { 0 };
		uint32_t point;
		size_t length = utf8_read(next, left, &point);
		if (length)
			utf8_put(&same, point);
		if (length > left || !bytes_equal(buf_bytes(&same), (struct bytes){ next, length }))
			abort();
		next += length ? length : 1;
		left -= length ? length : 1;
	}
}

/* The small forms of which others are made. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { size ? (const char *)data : "", size };
	AUTO(auto_free) char *text = xstrndup(bytes.data, size);
	code_base64(bytes);
	code_hex(bytes);
	code_pem(bytes);
	read_utf8(bytes);
	read_numbers(text);
	read_url(text);
	return 0;
}
