/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/cert_values.h"

#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

static bool add_oid_part(struct go_json *in, void *dotted)
{
	int64_t part = 0;
	if (!go_json_int(in, &part, NULL))
		return false;
	buf_printf(dotted, "%s%lld", ((struct buf *)dotted)->size ? "." : "", (long long)part);
	return true;
}

bool cert_value_oid(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	AUTO(buf_free) struct buf dotted = { 0 };
	if (!go_json_list(in, add_oid_part, &dotted, "asn1.ObjectIdentifier"))
		return false;
	AUTO(auto_object) ASN1_OBJECT *object = OBJ_txt2obj(buf_text(&dotted), 1);
	if (!object)
		return go_json_fail(in, "invalid object identifier: %s", buf_text(&dotted));
	ASN1_OBJECT **place = value;
	ASN1_OBJECT_free(*place);
	*place = TAKE(object);
	return true;
}

static bool read_names(struct go_json *in, GENERAL_NAMES **place,
	bool (*decode)(struct go_json *in, void *names), const char *type)
{
	AUTO(auto_general_names) GENERAL_NAMES *names = NULL;
	if (go_json_next(in) != 'n' && !(names = sk_GENERAL_NAME_new_null()))
		abort();
	if (!go_json_list(in, decode, names, type))
		return false;
	GENERAL_NAMES_free(*place);
	*place = TAKE(names);
	return true;
}

/* Certificates hold such names as IA5String, which is ASCII. */
static bool add_ascii(struct go_json *in, GENERAL_NAMES *names, int type, const char *text)
{
	for (const char *next = text; *next; next++) {
		if ((unsigned char)*next >= 0x80)
			return go_json_fail(
				in, "x509: \"%s\" cannot be encoded as an IA5String", text);
	}
	cert_add_general_name(names, type, text, strlen(text));
	return true;
}

static bool add_text_of_type(struct go_json *in, GENERAL_NAMES *names, int type)
{
	AUTO(auto_free) char *text = NULL;
	return go_json_text(in, &text, NULL) && add_ascii(in, names, type, text ? text : "");
}

static bool add_dns_name(struct go_json *in, void *names)
{
	return add_text_of_type(in, names, GEN_DNS);
}

static bool add_email(struct go_json *in, void *names)
{
	return add_text_of_type(in, names, GEN_EMAIL);
}

static bool add_uri_text(struct go_json *in, void *names)
{
	return add_text_of_type(in, names, GEN_URI);
}

bool cert_value_dns_names(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_dns_name, "[]string");
}

bool cert_value_emails(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_email, "[]string");
}

bool cert_value_uri_texts(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_uri_text, "[]string");
}

/* Go's url.URL. Its RawPath and RawFragment, other ways to write Path and Fragment, are not read.
 */
struct uri {
	char *scheme;
	char *opaque;
	char *host;
	char *path;
	char *query;
	char *fragment;
	bool force_query;
	bool omit_host;
};

static const struct go_json_field uri_fields[] = {
	GO_JSON_FIELD(uri, "Scheme", go_json_text, scheme),
	GO_JSON_FIELD(uri, "Opaque", go_json_text, opaque),
	GO_JSON_FIELD(uri, "Host", go_json_text, host),
	GO_JSON_FIELD(uri, "Path", go_json_text, path),
	GO_JSON_FIELD(uri, "RawQuery", go_json_text, query),
	GO_JSON_FIELD(uri, "Fragment", go_json_text, fragment),
	GO_JSON_FIELD(uri, "ForceQuery", go_json_bool, force_query),
	GO_JSON_FIELD(uri, "OmitHost", go_json_bool, omit_host),
	GO_JSON_END,
};

static void free_uri(struct uri *uri)
{
	free(uri->scheme);
	free(uri->opaque);
	free(uri->host);
	free(uri->path);
	free(uri->query);
	free(uri->fragment);
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* Appends text with everything but letters, digits, "-_.~" and `kept` as %XX. */
static void put_escaped(struct buf *out, const char *text, const char *kept)
{
	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (isalnum(c) || strchr("-_.~", c) || strchr(kept, c))
			buf_put_u8(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void put_authority_and_path(const struct uri *uri, struct buf *out)
{
	bool has_host = is_set(uri->host);
	bool has_path = is_set(uri->path);
	if (has_host || (is_set(uri->scheme) && has_path && !uri->omit_host))
		buf_put_text(out, "//");
	put_escaped(out, uri->host, "!$&'()*+,;=:[]<>\"");
	if (has_path && has_host && *uri->path != '/')
		buf_put_text(out, "/");
	put_escaped(out, uri->path, "$&+,/:;=@");
}

/* As url.URL.String of Go. */
static void put_uri(const struct uri *uri, struct buf *out)
{
	if (is_set(uri->scheme))
		buf_printf(out, "%s:", uri->scheme);
	if (is_set(uri->opaque))
		buf_put_text(out, uri->opaque);
	else
		put_authority_and_path(uri, out);
	if (uri->force_query || is_set(uri->query))
		buf_printf(out, "?%s", uri->query ? uri->query : "");
	if (is_set(uri->fragment))
		buf_put_text(out, "#");
	put_escaped(out, uri->fragment, "$&+,/:;=@?!()*");
}

static bool add_uri(struct go_json *in, void *names)
{
	AUTO(free_uri) struct uri uri = { 0 };
	AUTO(buf_free) struct buf text = { 0 };
	if (!go_json_struct(in, uri_fields, &uri, "url.URL"))
		return false;
	put_uri(&uri, &text);
	return add_ascii(in, names, GEN_URI, buf_text(&text));
}

bool cert_value_uris(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_uri, "[]*url.URL");
}

/* Writes the 4 or 16 bytes of an address. Returns how many, 0 if it is none. */
static size_t read_address(const char *text, uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, address) != 1)
		return 0;
	if (memcmp(address, mapped, sizeof(mapped)))
		return 16;
	memmove(address, address + 12, 4); /* as Go does with ::ffff:a.b.c.d */
	return 4;
}

static size_t decode_address(struct go_json *in, uint8_t address[16])
{
	AUTO(auto_free) char *text = NULL;
	if (!go_json_text(in, &text, NULL))
		return 0;
	size_t size = read_address(text ? text : "", address);
	if (!size)
		go_json_fail(in, "invalid IP address: %s", text ? text : "");
	return size;
}

static bool add_address(struct go_json *in, void *names)
{
	uint8_t address[16];
	size_t size = decode_address(in, address);
	if (size)
		cert_add_general_name(names, GEN_IPADD, address, size);
	return size > 0;
}

bool cert_value_addresses(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_address, "[]net.IP");
}

struct ip_range {
	uint8_t address[16];
	size_t address_size;
	struct buf mask;
};

static bool decode_range_address(struct go_json *in, void *range, void *unused)
{
	(void)unused;
	struct ip_range *r = range;
	r->address_size = decode_address(in, r->address);
	return r->address_size > 0;
}

static const struct go_json_field range_fields[] = {
	GO_JSON_WHOLE("IP", decode_range_address),
	GO_JSON_FIELD(ip_range, "Mask", go_json_bytes, mask),
	GO_JSON_END,
};

static bool add_ip_range(struct go_json *in, void *names)
{
	struct ip_range range = { 0 };
	AUTO(buf_free) struct buf content = { 0 };
	bool decoded = go_json_struct(in, range_fields, &range, "net.IPNet");
	bool fits = range.address_size && range.mask.size == range.address_size;
	buf_put(&content, range.address, range.address_size);
	buf_put(&content, range.mask.data, range.mask.size);
	buf_free(&range.mask);
	if (!decoded)
		return false;
	if (!fits)
		return go_json_fail(in, "IP and Mask must be of the same length");
	cert_add_general_name(names, GEN_IPADD, content.data, content.size);
	return true;
}

bool cert_value_ip_ranges(struct go_json *in, void *value, void *unused)
{
	(void)unused;
	return read_names(in, value, add_ip_range, "[]*net.IPNet");
}

/* Reads "Z", "+hh:mm" or "-hh:mm" to the end of the text, in seconds. */
static bool read_zone(const char *text, int64_t *offset)
{
	if (!strcmp(text, "Z"))
		return true;
	if (strlen(text) != 6 || !strchr("+-", text[0]) || text[3] != ':')
		return false;
	for (int i = 1; i < 6; i++) {
		if (i != 3 && !isdigit((unsigned char)text[i]))
			return false;
	}
	int hours = 10 * (text[1] - '0') + text[2] - '0';
	int minutes = 10 * (text[4] - '0') + text[5] - '0';
	*offset = (text[0] == '-' ? -60 : 60) * (60 * hours + minutes);
	return hours < 24 && minutes < 60;
}

/* RFC 3339: a date, a time, perhaps a fraction (which certificates do not keep), a zone. */
static bool read_time(const char *text, int64_t *seconds)
{
	char utc[CLOCK_TEXT_SIZE];
	size_t size = strlen("YYYY-MM-DDThh:mm:ss");
	if (strlen(text) <= size)
		return false;
	snprintf(utc, sizeof(utc), "%.*sZ", (int)size, text);
	text += size;
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");
		if (!digits)
			return false;
		text += 1 + digits;
	}
	int64_t offset = 0;
	if (!clock_parse_utc(utc, seconds) || !read_zone(text, &offset))
		return false;
	*seconds -= offset;
	return true;
}

bool cert_value_time(struct go_json *in, void *seconds, void *is_there)
{
	const int64_t go_zero = INT64_C(-62135596800); /* 0001-01-01T00:00:00Z */
	AUTO(auto_free) char *text = NULL;
	if (!go_json_text(in, &text, NULL))
		return false;
	int64_t *place = seconds;
	if (!text)
		return true;
	if (!read_time(text, place))
		return go_json_fail(
			in, "parsing time \"%s\" as \"2006-01-02T15:04:05Z07:00\" failed", text);
	*(bool *)is_there = *place != go_zero;
	return true;
}
