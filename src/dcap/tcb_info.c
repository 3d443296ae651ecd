/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/tcb_info.h"

#include "base/cleanup.h"

#include <string.h>

static bool read_pce_svn(const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	uint32_t svn;
	if (!json_field_uint(tcb, "pcesvn", UINT16_MAX, &svn, err))
		return false;
	out->svn = (uint16_t)svn;
	return true;
}

/* Version 2: one member per component, from sgxtcbcomp01svn on. */
static bool read_named_components(
	const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	char name[] = "sgxtcbcomp00svn";
	char *number = strchr(name, '0');
	for (unsigned i = 0; i < TCB_COMPONENTS; i++) {
		uint32_t svn;
		number[0] = (char)('0' + (i + 1) / 10);
		number[1] = (char)('0' + (i + 1) % 10);
		if (!json_field_uint(tcb, name, UINT8_MAX, &svn, err))
			return false;
		out->components[i] = (uint8_t)svn;
	}
	return read_pce_svn(tcb, out, err);
}

/* Version 3: an array, which must have all of them. */
static bool read_component_array(const struct json_node *tcb, const char *name,
	uint8_t out[TCB_COMPONENTS], struct error *err)
{
	const struct json_node *list = json_field_array(tcb, name, err);
	if (!list)
		return false;
	if (list->count != TCB_COMPONENTS)
		return error_set(err, ERROR_INVALID, "\"%s\" has %u elements instead of %d", name,
			list->count, TCB_COMPONENTS);
	const struct json_node *component = json_node_first(list);
	for (size_t i = 0; i < TCB_COMPONENTS; i++, component = json_node_next(component)) {
		uint32_t svn;
		if (!json_field_uint(component, "svn", UINT8_MAX, &svn, err))
			return error_prefix(err, "\"%s\"[%zu]", name, i);
		out[i] = (uint8_t)svn;
	}
	return true;
}

static bool read_sgx_tcb(const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	return read_component_array(tcb, "sgxtcbcomponents", out->components, err) &&
	       read_pce_svn(tcb, out, err);
}

static bool read_tdx_tcb(const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	return read_sgx_tcb(tcb, out, err) &&
	       read_component_array(tcb, "tdxtcbcomponents", out->tdx_components, err);
}

/* Which technology the document is for: version 2 has no id, it knew SGX alone. */
static bool read_id(const struct json_node *root, uint32_t version, bool *is_tdx, struct error *err)
{
	const char *id = "SGX";
	if (version == 2 && json_node_member(root, "id"))
		return error_set(err, ERROR_INVALID, "\"id\" does not exist in version 2");
	if (version != 2 && !json_field_text(root, "id", &id, err))
		return false;
	*is_tdx = !strcmp(id, "TDX");
	if (!*is_tdx && strcmp(id, "SGX") != 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"\"id\" is \"%.16s\"; \"SGX\" and \"TDX\" are accepted", id);
	if (!*is_tdx && (json_node_member(root, "tdxModule") ||
				json_node_member(root, "tdxModuleIdentities")))
		return error_set(err, ERROR_INVALID, "it is for SGX, but has a TDX module");
	return true;
}

static bool read_levels(
	const struct json_node *root, uint32_t version, struct tcb_info *out, struct error *err)
{
	if (out->is_tdx)
		return tdx_modules_read(root, &out->modules, err) &&
		       tcb_levels_read(root, read_tdx_tcb, &out->levels, err);
	return tcb_levels_read(
		root, version == 2 ? read_named_components : read_sgx_tcb, &out->levels, err);
}

static bool read_document(const struct json_node *root, struct tcb_info *out, struct error *err)
{
	uint32_t version;
	uint32_t type;
	if (!json_field_uint(root, "version", UINT32_MAX, &version, err))
		return false;
	if (version != 2 && version != 3)
		return error_set(
			err, ERROR_UNSUPPORTED, "\"version\" is %u; 2 and 3 are accepted", version);
	if (!read_id(root, version, &out->is_tdx, err) ||
		!json_field_date(root, "issueDate", &out->validity.start, err) ||
		!json_field_date(root, "nextUpdate", &out->validity.end, err) ||
		!json_field_hex(root, "fmspc", out->fmspc, sizeof(out->fmspc), err) ||
		!json_field_hex(root, "pceId", out->pce_id, sizeof(out->pce_id), err) ||
		!json_field_uint(root, "tcbType", 0, &type, err) ||
		!json_field_uint(
			root, "tcbEvaluationDataNumber", UINT32_MAX, &out->evaluation_number, err))
		return false;
	return read_levels(root, version, out, err);
}

bool tcb_info_parse(struct bytes body, struct tcb_info *out, struct error *err)
{
	*out = (struct tcb_info){ 0 };
	AUTO(json_tree_free) struct json_tree tree;
	if (json_tree_read(body, &tree, err) && read_document(json_tree_root(&tree), out, err))
		return true;
	tcb_info_free(out);
	return false;
}

void tcb_info_free(struct tcb_info *info)
{
	tcb_levels_free(&info->levels);
	tdx_modules_free(&info->modules);
}
