/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/tcb_info_v2.h"

#include "base/hex.h"
#include "crypto/p256.h"
#include "dcap/signed_document.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

/* Components with a name each instead of in a list; version 2 knows no advisories. */
static bool convert_level(json_t *level)
{
	json_t *tcb = json_object_get(level, "tcb");
	json_t *svns = json_object();
	json_t *components = json_object_get(tcb, "sgxtcbcomponents");
	for (size_t i = 0; i < json_array_size(components); i++) {
		char name[sizeof("sgxtcbcomp00svn") + 18];
		snprintf(name, sizeof(name), "sgxtcbcomp%02zusvn", i + 1);
		json_object_set(svns, name, json_object_get(json_array_get(components, i), "svn"));
	}
	json_object_set(svns, "pcesvn", json_object_get(tcb, "pcesvn"));
	json_object_del(level, "advisoryIDs");
	return json_object_set_new(level, "tcb", svns) == 0;
}

static bool convert(json_t *info)
{
	json_t *levels = json_object_get(info, "tcbLevels");
	for (size_t i = 0; i < json_array_size(levels); i++) {
		if (!convert_level(json_array_get(levels, i)))
			return false;
	}
	return json_object_del(info, "id") == 0 &&
	       json_object_set_new(info, "version", json_integer(2)) == 0;
}

bool tcb_info_v2_put(
	struct buf *out, struct bytes version_3, EVP_PKEY *signing_key, struct error *err)
{
	struct signed_document document;
	if (!signed_document_find(version_3, "tcbInfo", &document, err))
		return false;
	AUTO(auto_json)
	json_t *info =
		json_loadb(document.body.data, document.body.size, JSON_REJECT_DUPLICATES, NULL);
	AUTO(auto_free) char *text = info && convert(info) ? json_dumps(info, JSON_COMPACT) : NULL;
	uint8_t signature[P256_RAW_SIZE];
	if (!text)
		return error_set(err, ERROR_INVALID, "the TCB info is not of version 3");
	if (!p256_sign_raw(signing_key, bytes_of_text(text), signature, err))
		return false;
	buf_printf(out, "{\"tcbInfo\":%s,\"signature\":\"", text);
	hex_encode(out, signature, sizeof(signature));
	buf_put_text(out, "\"}");
	return true;
}
