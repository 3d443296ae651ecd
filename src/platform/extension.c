/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/extension.h"

#include "dcap/der.h"

DEFINE_AUTO_FREE(auto_object, ASN1_OBJECT *, ASN1_OBJECT_free)

#define TYPE_SCALABLE 1

/* 1.2.840.113741.1.13.1: each member's OID adds one or two numbers, all below 128 */
static const uint8_t oid_prefix[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

struct oid_suffix {
	uint8_t numbers[2];
	size_t count;
};

static struct oid_suffix member(uint8_t number)
{
	return (struct oid_suffix){ { number }, 1 };
}

static struct oid_suffix submember(uint8_t parent, uint8_t number)
{
	return (struct oid_suffix){ { parent, number }, 2 };
}

static void put_tlv(struct buf *out, uint8_t tag, struct bytes content)
{
	buf_put_u8(out, tag);
	if (content.size >= 0x100) {
		buf_put_u8(out, 0x82);
		buf_put_u8(out, (uint8_t)(content.size >> 8));
	} else if (content.size >= 0x80) {
		buf_put_u8(out, 0x81);
	}
	buf_put_u8(out, (uint8_t)content.size);
	buf_put(out, content.data, content.size);
}

/* SEQUENCE { OID, value } */
static void put_entry(struct buf *out, struct oid_suffix suffix, uint8_t tag, struct bytes value)
{
	AUTO(buf_free) struct buf oid = { 0 };
	buf_put(&oid, oid_prefix, sizeof(oid_prefix));
	buf_put(&oid, suffix.numbers, suffix.count);
	AUTO(buf_free) struct buf pair = { 0 };
	put_tlv(&pair, DER_OID, buf_bytes(&oid));
	put_tlv(&pair, tag, value);
	put_tlv(out, DER_SEQUENCE, buf_bytes(&pair));
}

static void put_octets(struct buf *out, struct oid_suffix suffix, const uint8_t *data, size_t size)
{
	put_entry(out, suffix, DER_OCTET_STRING, (struct bytes){ data, size });
}

/* Big-endian with the fewest bytes, and a zero byte in front where the top bit would mean minus. */
static void put_integer(struct buf *out, struct oid_suffix suffix, uint16_t value)
{
	const uint8_t bytes[] = { 0, (uint8_t)(value >> 8), (uint8_t)value };
	size_t skip = value < 0x80 ? 2 : value < 0x8000 ? 1 : 0;
	put_entry(out, suffix, DER_INTEGER, (struct bytes){ bytes + skip, sizeof(bytes) - skip });
}

static void put_tcb(struct buf *out, const struct pck_extension *extension)
{
	AUTO(buf_free) struct buf tcb = { 0 };
	for (uint8_t i = 0; i < TCB_COMPONENTS; i++)
		put_integer(&tcb, submember(2, i + 1), extension->components[i]);
	put_integer(&tcb, submember(2, 17), extension->pce_svn);
	/* CPUSVN, which here is the same bytes */
	put_octets(&tcb, submember(2, 18), extension->components, TCB_COMPONENTS);
	put_entry(out, member(2), DER_SEQUENCE, buf_bytes(&tcb));
}

static void put_configuration(struct buf *out)
{
	static const uint8_t yes[] = { 0xff };
	static const uint8_t no[] = { 0 };
	AUTO(buf_free) struct buf configuration = { 0 };
	put_entry(&configuration, submember(7, 1), DER_BOOLEAN, (struct bytes){ yes, 1 });
	put_entry(&configuration, submember(7, 2), DER_BOOLEAN, (struct bytes){ no, 1 });
	put_entry(&configuration, submember(7, 3), DER_BOOLEAN, (struct bytes){ no, 1 });
	put_entry(out, member(7), DER_SEQUENCE, buf_bytes(&configuration));
}

void platform_put_extension(
	struct buf *out, const struct pck_extension *extension, const uint8_t instance_id[16])
{
	static const uint8_t type[] = { TYPE_SCALABLE };
	AUTO(buf_free) struct buf members = { 0 };
	put_octets(&members, member(1), extension->ppid, sizeof(extension->ppid));
	put_tcb(&members, extension);
	put_octets(&members, member(3), extension->pce_id, sizeof(extension->pce_id));
	put_octets(&members, member(4), extension->fmspc, sizeof(extension->fmspc));
	put_entry(&members, member(5), DER_ENUMERATED, (struct bytes){ type, 1 });
	put_octets(&members, member(6), instance_id, 16);
	put_configuration(&members);
	put_tlv(out, DER_SEQUENCE, buf_bytes(&members));
}

bool platform_extension_of(X509 *pck, struct pck_extension *extension, struct error *err)
{
	AUTO(auto_object) ASN1_OBJECT *oid = OBJ_txt2obj(PCK_EXTENSION_OID, 1);
	X509_EXTENSION *found = X509_get_ext(pck, X509_get_ext_by_OBJ(pck, oid, -1));
	if (!found)
		return error_set(err, ERROR_INVALID, "not a PCK certificate: no SGX extension");
	const ASN1_OCTET_STRING *der = X509_EXTENSION_get_data(found);
	struct bytes value = { ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der) };
	return pck_extension_parse(value, extension, err);
}
