/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/x509.h"

#include "base/clock.h"
#include "crypto/p256.h"
#include "dcap/der.h"

static struct bytes bytes_left(const struct reader *r)
{
	return (struct bytes){ r->next, r->left };
}

void x509_take_algorithm(struct reader *r)
{
	static const uint8_t ecdsa_with_sha256[] = { DER_OID, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3,
		2 };
	struct reader algorithm = der_take(r, DER_SEQUENCE);
	if (!bytes_equal(bytes_left(&algorithm),
		    (struct bytes){ ecdsa_with_sha256, sizeof(ecdsa_with_sha256) }))
		reader_fail(r);
}

bool x509_open(struct bytes der, struct x509_signed *out)
{
	struct reader r = reader_of(der.data, der.size);
	struct reader parts = der_take(&r, DER_SEQUENCE);
	out->content = der_take_whole(&parts, DER_SEQUENCE);
	x509_take_algorithm(&parts);
	struct reader signature = der_take(&parts, DER_BIT_STRING);
	uint8_t unused_bits = reader_u8(&signature);
	out->signature = bytes_left(&signature);
	return reader_finished(&r) && reader_finished(&parts) && !signature.bad && !unused_bits;
}

bool x509_verify(const struct x509_signed *object, const struct p256_key *key)
{
	return p256_verify(key, object->content, object->signature);
}

struct bytes x509_take_serial(struct reader *r)
{
	struct reader number = der_take(r, DER_INTEGER);
	if (!number.left || *number.next & 0x80)
		reader_fail(r);
	while (number.left && !*number.next)
		reader_u8(&number);
	return bytes_left(&number);
}

int64_t x509_take_time(struct reader *r)
{
	/* where the digits go, two by two; the Z comes from there as well */
	static const uint8_t places[] = { 0, 2, 5, 8, 11, 14, 17 };
	char text[] = "0000-00-00T00:00:00Z";
	int64_t seconds = 0;
	bool is_short = der_next_is(r, DER_UTC_TIME);
	struct reader time = der_take(r, is_short ? DER_UTC_TIME : DER_GENERALIZED_TIME);
	/* years of two digits are those from 1950 to 2049 */
	bool is_past = time.left && *time.next >= '5';
	if (is_short) {
		text[0] = is_past ? '1' : '2';
		text[1] = is_past ? '9' : '0';
	}
	for (size_t i = is_short; i < sizeof(places); i++)
		reader_copy(&time, text + places[i], 2);
	text[sizeof(text) - 2] = (char)reader_u8(&time);
	if (!reader_finished(&time) || !clock_parse_utc(text, &seconds))
		reader_fail(r);
	return seconds;
}

void x509_take_extension(struct reader *r, struct x509_extension *out)
{
	struct reader parts = der_take(r, DER_SEQUENCE);
	struct reader oid = der_take(&parts, DER_OID);
	bool has_critical = der_next_is(&parts, DER_BOOLEAN);
	out->is_critical = has_critical && der_take_boolean(&parts);
	struct reader value = der_take(&parts, DER_OCTET_STRING);
	out->oid = bytes_left(&oid);
	out->value = bytes_left(&value);
	/* DER leaves out what is the default */
	if (!reader_finished(&parts) || has_critical != out->is_critical)
		reader_fail(r);
}

bool x509_extension_is(const struct x509_extension *extension, uint8_t number)
{
	const uint8_t oid[] = { 0x55, 29, number };
	return bytes_equal(extension->oid, (struct bytes){ oid, sizeof(oid) });
}

struct bytes x509_subject_key_id(struct bytes value)
{
	struct reader r = reader_of(value.data, value.size);
	struct reader id = der_take(&r, DER_OCTET_STRING);
	return reader_finished(&r) ? bytes_left(&id) : (struct bytes){ "", 0 };
}

struct bytes x509_authority_key_id(struct bytes value)
{
	struct reader r = reader_of(value.data, value.size);
	struct reader parts = der_take(&r, DER_SEQUENCE);
	/* issuer and serial number may follow, which say no more */
	struct reader id = der_take(&parts, DER_IMPLICIT(0));
	return reader_finished(&r) && !parts.bad ? bytes_left(&id) : (struct bytes){ "", 0 };
}
