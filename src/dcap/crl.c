/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/crl.h"

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/memory.h"
#include "crypto/pem.h"
#include "dcap/der.h"
#include "dcap/text.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_CAPACITY 64 /* of the list of serial numbers */

static bool decode_pem(struct bytes text, struct buf *der, struct error *err)
{
	struct pem_reader reader = pem_reader_of(text.data, text.size);
	AUTO(buf_free) struct buf second = { 0 };
	char label[PEM_LABEL_MAX];
	struct error end = { 0 };
	if (!pem_next(&reader, label, der, &end) || strcmp(label, "X509 CRL") != 0 ||
		pem_next(&reader, label, &second, &end) || end.kind || reader.foreign_text)
		return error_set(
			err, ERROR_INVALID, "the PEM text is not one block \"X509 CRL\" alone");
	return true;
}

/* Brings the three encodings to DER, which is a SEQUENCE and so starts with 0x30. */
static bool decode(struct bytes data, struct buf *der, struct error *err)
{
	struct bytes text = text_without_end(data);
	if (text_starts_with(text, "-----BEGIN"))
		return decode_pem(text, der, err);
	if (text.size % 2 == 0 && hex_decode(der, text.data, text.size))
		return true;
	buf_put(der, data.data, data.size);
	return true;
}

/* Shorter numbers are smaller: they have no leading zeros. */
static int compare_serials(const void *a, const void *b)
{
	const struct bytes *first = a;
	const struct bytes *second = b;
	if (first->size != second->size)
		return first->size < second->size ? -1 : 1;
	return memcmp(first->data, second->data, first->size);
}

struct found_extensions {
	bool number;
	struct bytes authority_key_id;
};

/*
 * A list of extensions, of the CRL or of one entry. A critical one changes what the CRL means
 * (scope of an indirect CRL, base of a delta); genuine lists have none.
 */
static void take_extensions(struct reader *r, struct found_extensions *found)
{
	struct reader list = der_take(r, DER_SEQUENCE);
	while (list.left) {
		struct x509_extension extension;
		x509_take_extension(&list, &extension);
		if (list.bad || extension.is_critical ||
			x509_extension_is(&extension, OID_DELTA_CRL) ||
			x509_extension_is(&extension, OID_ISSUING_DISTRIBUTION_POINT))
			reader_fail(&list);
		else if (x509_extension_is(&extension, OID_CRL_NUMBER))
			found->number = true;
		else if (x509_extension_is(&extension, OID_AUTHORITY_KEY_ID))
			found->authority_key_id = x509_authority_key_id(extension.value);
	}
	if (list.bad)
		reader_fail(r);
}

static void take_entry(struct reader *r, struct bytes *serial)
{
	struct reader entry = der_take(r, DER_SEQUENCE);
	*serial = x509_take_serial(&entry);
	x509_take_time(&entry);
	if (entry.left)
		take_extensions(&entry, &(struct found_extensions){ 0 });
	if (!reader_finished(&entry))
		reader_fail(r);
}

static void take_entries(struct reader *r, struct crl *out)
{
	struct reader list = der_take(r, DER_SEQUENCE);
	size_t capacity = 0;
	while (list.left) {
		if (out->serial_count == capacity) {
			capacity = capacity ? 2 * capacity : SMALLEST_CAPACITY;
			out->serials = xreallocarray(out->serials, capacity, sizeof(*out->serials));
		}
		take_entry(&list, &out->serials[out->serial_count++]);
	}
	if (list.bad)
		reader_fail(r);
	else if (out->serial_count)
		qsort(out->serials, out->serial_count, sizeof(*out->serials), compare_serials);
}

static bool read_fields(struct crl *out, struct error *err)
{
	struct found_extensions found = { 0 };
	struct reader whole = reader_of(out->object.content.data, out->object.content.size);
	struct reader r = der_take(&whole, DER_SEQUENCE);
	bool is_version_2 = der_take_uint(&r, DER_INTEGER, 1) == 1;
	x509_take_algorithm(&r);
	out->issuer = der_take_whole(&r, DER_SEQUENCE);
	out->validity.start = x509_take_time(&r);
	out->validity.end = x509_take_time(&r);
	if (r.bad || !is_version_2)
		return error_set(err, ERROR_INVALID,
			"not a CRL of version 2 with both dates, signed by ecdsa-with-SHA256");
	if (der_next_is(&r, DER_SEQUENCE))
		take_entries(&r, out);
	struct reader wrapped = der_take(&r, DER_CONTEXT(0));
	take_extensions(&wrapped, &found);
	if (!reader_finished(&r) || !reader_finished(&wrapped))
		return error_set(err, ERROR_INVALID,
			"malformed, or a delta CRL, an indirect CRL or one with an unknown critical "
			"extension");
	out->authority_key_id = found.authority_key_id;
	if (!found.number || !found.authority_key_id.size)
		return error_set(
			err, ERROR_INVALID, "CRL number or authority key identifier is missing");
	return true;
}

bool crl_read(struct bytes data, struct crl *out, struct error *err)
{
	*out = (struct crl){ 0 };
	if (data.size > CRL_MAX)
		return error_set(err, ERROR_INVALID, "longer than %d bytes", CRL_MAX);
	bool good = decode(data, &out->der, err) &&
		    (x509_open(buf_bytes(&out->der), &out->object) ||
			    error_set(err, ERROR_INVALID, "neither PEM, DER nor hex of a CRL")) &&
		    read_fields(out, err);
	if (!good)
		crl_free(out);
	return good;
}

void crl_free(struct crl *crl)
{
	buf_free(&crl->der);
	free(crl->serials);
	*crl = (struct crl){ 0 };
}

bool crl_check_issuer(const struct crl *crl, const struct certificate *issuer, struct error *err)
{
	const char *name = certificate_role_name(issuer->role);
	if (!bytes_equal(crl->issuer, issuer->subject))
		return error_set(err, ERROR_DENIED, "it was not issued by \"%s\"", name);
	if (!x509_verify(&crl->object, issuer->key))
		return error_set(err, ERROR_DENIED, "it is not signed by the key of \"%s\"", name);
	return bytes_equal(crl->authority_key_id, issuer->subject_key_id) ||
	       error_set(err, ERROR_DENIED,
		       "it does not name the key of \"%s\" (authority key identifier)", name);
}

bool crl_check_not_listed(
	const struct crl *crl, const struct certificate *certificate, struct error *err)
{
	if (!crl->serial_count || !bsearch(&certificate->serial, crl->serials, crl->serial_count,
					  sizeof(*crl->serials), compare_serials))
		return true;
	return error_set(err, ERROR_DENIED, "the certificate \"%s\" is revoked",
		certificate_role_name(certificate->role));
}
