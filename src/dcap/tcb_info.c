/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/tcb_info.h"

#include "dcap/signed_document.h"

#include <stdio.h>
#include <string.h>

static bool read_pce_svn(const json_t *tcb, struct tcb_level *out, struct error *err)
{
	uint32_t svn;
	if (!json_field_uint(tcb, "pcesvn", UINT16_MAX, &svn, err))
		return false;
	out->svn = (uint16_t)svn;
	return true;
}

/* Version 2: one member per component. */
static bool read_named_components(const json_t *tcb, struct tcb_level *out, struct error *err)
{
	for (unsigned i = 0; i < TCB_COMPONENTS; i++) {
		char name[32];
		uint32_t svn;
		snprintf(name, sizeof(name), "sgxtcbcomp%02usvn", i + 1);
		if (!json_field_uint(tcb, name, UINT8_MAX, &svn, err))
			return false;
		out->components[i] = (uint8_t)svn;
	}
	return read_pce_svn(tcb, out, err);
}

/* Version 3: an array, which must have all of them. */
static bool read_component_array(const json_t *tcb, struct tcb_level *out, struct error *err)
{
	const json_t *list = json_field_array(tcb, "sgxtcbcomponents", err);
	if (!list)
		return false;
	if (json_array_size(list) != TCB_COMPONENTS)
		return error_set(err, ERROR_INVALID,
			"\"sgxtcbcomponents\" has %zu elements instead of %d",
			json_array_size(list), TCB_COMPONENTS);
	for (size_t i = 0; i < TCB_COMPONENTS; i++) {
		uint32_t svn;
		if (!json_field_uint(json_array_get(list, i), "svn", UINT8_MAX, &svn, err))
			return error_prefix(err, "\"sgxtcbcomponents\"[%zu]", i);
		out->components[i] = (uint8_t)svn;
	}
	return read_pce_svn(tcb, out, err);
}

/* Which technology the document is for: version 2 has no id, it knew SGX alone. */
static bool check_id(const json_t *root, uint32_t version, struct error *err)
{
	if (json_object_get(root, "tdxModule") || json_object_get(root, "tdxModuleIdentities"))
		return error_set(err, ERROR_UNSUPPORTED, "it is for TDX; SGX is accepted");
	if (version == 2)
		return !json_object_get(root, "id") ||
		       error_set(err, ERROR_INVALID, "\"id\" does not exist in version 2");
	const char *id;
	if (!json_field_text(root, "id", &id, err))
		return false;
	return !strcmp(id, "SGX") ||
	       error_set(err, ERROR_UNSUPPORTED, "\"id\" is \"%.16s\"; \"SGX\" is accepted", id);
}

static bool read_document(const json_t *root, struct tcb_info *out, struct error *err)
{
	uint32_t version;
	uint32_t type;
	if (!json_field_uint(root, "version", UINT32_MAX, &version, err))
		return false;
	if (version != 2 && version != 3)
		return error_set(
			err, ERROR_UNSUPPORTED, "\"version\" is %u; 2 and 3 are accepted", version);
	if (!check_id(root, version, err) ||
		!json_field_date(root, "issueDate", &out->validity.start, err) ||
		!json_field_date(root, "nextUpdate", &out->validity.end, err) ||
		!json_field_hex(root, "fmspc", out->fmspc, sizeof(out->fmspc), err) ||
		!json_field_hex(root, "pceId", out->pce_id, sizeof(out->pce_id), err) ||
		!json_field_uint(root, "tcbType", 0, &type, err) ||
		!json_field_uint(
			root, "tcbEvaluationDataNumber", UINT32_MAX, &out->evaluation_number, err))
		return false;
	return tcb_levels_read(root, version == 2 ? read_named_components : read_component_array,
		&out->levels, err);
}

bool tcb_info_parse(struct bytes body, struct tcb_info *out, struct error *err)
{
	*out = (struct tcb_info){ 0 };
	AUTO(auto_json) json_t *root = signed_document_parse(body, err);
	return root && read_document(root, out, err);
}

void tcb_info_free(struct tcb_info *info)
{
	tcb_levels_free(&info->levels);
}
