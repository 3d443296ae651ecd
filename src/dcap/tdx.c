/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/tdx.h"

#include "base/hex.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static bool read_svn(const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	uint32_t svn;
	if (!json_field_uint(tcb, "isvsvn", UINT8_MAX, &svn, err))
		return false;
	out->svn = (uint16_t)svn;
	return true;
}

/* Hex in these documents is the memory of the report, so numbers are little-endian. */
static bool read_u64(
	const struct json_node *object, const char *name, uint64_t *out, struct error *err)
{
	uint8_t memory[8];
	if (!json_field_hex(object, name, memory, sizeof(memory), err))
		return false;
	struct reader r = reader_of(memory, sizeof(memory));
	*out = reader_u64(&r);
	return true;
}

static bool read_identity(const struct json_node *object, struct tdx_module *out, struct error *err)
{
	if (!json_field_hex(object, "mrsigner", out->mr_signer, TD_HASH_SIZE, err) ||
		!read_u64(object, "attributes", &out->attributes, err) ||
		!read_u64(object, "attributesMask", &out->attributes_mask, err))
		return false;
	return !(out->attributes & ~out->attributes_mask) ||
	       error_set(err, ERROR_INVALID, "\"attributes\" has bits outside of its mask");
}

/* "TDX_" and the version in two digits, which are in upper case. */
static bool read_version(const struct json_node *object, struct tdx_module *out, struct error *err)
{
	const char *id;
	if (!json_field_text(object, "id", &id, err))
		return false;
	return (!strncmp(id, "TDX_", 4) && !strpbrk(id + 4, "abcdef") &&
		       hex_decode_exact(&out->version, 1, id + 4)) ||
	       error_set(err, ERROR_INVALID, "\"id\" \"%.16s\" is no TDX module", id);
}

static bool read_module(const struct json_node *object, struct tdx_modules *modules,
	struct tdx_module *out, struct error *err)
{
	if (object->kind != JSON_NODE_OBJECT)
		return error_set(err, ERROR_INVALID, "it is not an object");
	if (!read_version(object, out, err) || !read_identity(object, out, err))
		return false;
	for (const struct tdx_module *other = modules->modules; other < out; other++) {
		if (other->version == out->version)
			return error_set(err, ERROR_INVALID, "the same module is there twice");
	}
	return tcb_levels_read(object, read_svn, &out->levels, err);
}

/* Those of the list behind the first. */
static bool read_modules(const struct json_node *list, struct tdx_modules *out, struct error *err)
{
	const struct json_node *module = json_node_first(list);
	for (size_t i = 0; i < list->count; i++, module = json_node_next(module)) {
		if (!read_module(module, out, &out->modules[out->count++], err))
			return error_prefix(err, "\"tdxModuleIdentities\"[%zu]", i);
	}
	return true;
}

bool tdx_modules_read(const struct json_node *document, struct tdx_modules *out, struct error *err)
{
	const struct json_node *first = json_field_object(document, "tdxModule", err);
	const struct json_node *list = json_node_member(document, "tdxModuleIdentities");
	*out = (struct tdx_modules){ 0 };
	if (!first)
		return false;
	if (list && list->kind != JSON_NODE_ARRAY)
		return error_set(err, ERROR_INVALID, "\"tdxModuleIdentities\" is not an array");
	out->modules = xcalloc(1 + (list ? list->count : 0), sizeof(*out->modules));
	out->count = 1;
	bool good =
		read_identity(first, &out->modules[0], err) || error_prefix(err, "\"tdxModule\"");
	if (good && (!list || read_modules(list, out, err)))
		return true;
	tdx_modules_free(out);
	return false;
}

void tdx_modules_free(struct tdx_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		tcb_levels_free(&modules->modules[i].levels);
	free(modules->modules);
	*modules = (struct tdx_modules){ 0 };
}

static const struct tdx_module *find_version(const struct tdx_modules *modules, uint8_t version)
{
	for (size_t i = 0; i < modules->count; i++) {
		if (modules->modules[i].version == version)
			return &modules->modules[i];
	}
	return NULL;
}

const struct tdx_module *tdx_modules_find(const struct tdx_modules *modules,
	const struct td_report *report, const struct tcb_level **level, struct error *err)
{
	static const uint8_t no_components[TCB_COMPONENTS];
	uint8_t svn = report->tee_tcb_svn[0];
	uint8_t version = report->tee_tcb_svn[1];
	const struct tdx_module *module = find_version(modules, version);
	const char *difference = NULL;
	*level = NULL;
	if (!module) {
		error_set(
			err, ERROR_DENIED, "the TCB info has no TDX module of version %u", version);
		return NULL;
	}
	if (memcmp(report->mr_signer_seam, module->mr_signer, TD_HASH_SIZE) != 0)
		difference = "MRSIGNERSEAM";
	else if ((report->seam_attributes & module->attributes_mask) != module->attributes ||
		 report->seam_attributes)
		difference = "SEAMATTRIBUTES";
	if (difference) {
		error_set(err, ERROR_DENIED,
			"the confidential VM does not run on Intel's TDX module: %s differs from "
			"the TCB info",
			difference);
		return NULL;
	}
	if (!version)
		return module;
	*level = tcb_levels_find(&module->levels, no_components, svn);
	if (*level)
		return module;
	error_set(err, ERROR_DENIED,
		"TCB not supported: SVN %u of the TDX module (version %u) is below every level of "
		"the TCB info",
		svn, version);
	return NULL;
}

const struct tcb_level *tdx_level_find(const struct tcb_levels *levels,
	const uint8_t components[TCB_COMPONENTS], uint16_t pce_svn, const struct td_report *report)
{
	/* since version 1 the module's own levels tell about the first two */
	size_t first = report->tee_tcb_svn[1] ? 2 : 0;
	for (size_t i = 0; i < levels->count; i++) {
		const struct tcb_level *level = &levels->levels[i];
		bool reaches = tcb_level_reached(level, components, pce_svn);
		for (size_t k = first; reaches && k < TCB_COMPONENTS; k++)
			reaches = report->tee_tcb_svn[k] >= level->tdx_components[k];
		if (reaches)
			return level;
	}
	return NULL;
}

static bool is_out_of_date(enum tcb_status status)
{
	return status == TCB_OUT_OF_DATE || status == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

/* The module that runs now (SVN 2) is the newest, as is what else counts on its platform. */
static bool runs_on_newest_module(const struct tdx_standing *s)
{
	const uint8_t *svn = s->report->tee_tcb_svn_2;
	const struct tcb_level *newest = &s->levels->levels[0];
	const struct tdx_module *module = find_version(s->modules, svn[1]);
	if (!module)
		return false;
	uint16_t wanted = svn[1] ? module->levels.levels[0].svn : newest->tdx_components[0];
	return svn[0] >= wanted && svn[2] >= newest->tdx_components[2];
}

/*
 * The VM was started on an old module, but the platform has loaded a new one since then: nothing
 * needs an update, the VM must be launched anew.
 */
static bool relaunch_helps(const struct tdx_standing *s)
{
	return s->report->is_1_5 && !is_out_of_date(s->sgx_status) &&
	       s->sgx_status != TCB_REVOKED && !is_out_of_date(s->tdx_status) &&
	       s->tdx_status != TCB_REVOKED && s->module_level &&
	       s->module_level->status == TCB_OUT_OF_DATE && s->qe_status == TCB_UP_TO_DATE &&
	       runs_on_newest_module(s);
}

static bool needs_configuration(enum tcb_status status)
{
	return status == TCB_CONFIGURATION_NEEDED ||
	       status == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

enum tcb_status tdx_converge(const struct tdx_standing *s)
{
	if (relaunch_helps(s))
		return needs_configuration(s->sgx_status) || needs_configuration(s->tdx_status)
			       ? TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
			       : TCB_TD_RELAUNCH_ADVISED;
	enum tcb_status status = s->tdx_status;
	if (s->module_level)
		status = tcb_status_converge(status, s->module_level->status);
	return tcb_status_converge(status, s->qe_status);
}
