/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/enclave_identity.h"

#include "base/cleanup.h"

#include <string.h>

#define VERSION_2 2

static bool read_isv_svn(const struct json_node *tcb, struct tcb_level *out, struct error *err)
{
	uint32_t svn;
	if (!json_field_uint(tcb, "isvsvn", UINT16_MAX, &svn, err))
		return false;
	out->svn = (uint16_t)svn;
	return true;
}

static bool read_kind(const struct json_node *root, struct enclave_identity *out, struct error *err)
{
	uint32_t version;
	const char *id;
	if (!json_field_uint(root, "version", UINT32_MAX, &version, err) ||
		!json_field_text(root, "id", &id, err))
		return false;
	if (version != VERSION_2)
		return error_set(err, ERROR_UNSUPPORTED, "\"version\" is %u; %d is accepted",
			version, VERSION_2);
	out->is_td_qe = !strcmp(id, "TD_QE");
	return out->is_td_qe || !strcmp(id, "QE") ||
	       error_set(err, ERROR_UNSUPPORTED,
		       "\"id\" is \"%.16s\"; \"QE\" and \"TD_QE\" are accepted", id);
}

/* Hex in these documents is the memory of the report, so numbers are little-endian. */
static bool read_misc_select(
	const struct json_node *root, const char *name, uint32_t *out, struct error *err)
{
	uint8_t memory[4];
	if (!json_field_hex(root, name, memory, sizeof(memory), err))
		return false;
	struct reader r = reader_of(memory, sizeof(memory));
	*out = reader_u32(&r);
	return true;
}

static bool read_attributes(const struct json_node *root, const char *name,
	struct sgx_attributes *out, struct error *err)
{
	uint8_t memory[16];
	if (!json_field_hex(root, name, memory, sizeof(memory), err))
		return false;
	struct reader r = reader_of(memory, sizeof(memory));
	out->flags = reader_u64(&r);
	out->xfrm = reader_u64(&r);
	return true;
}

/* A wanted bit outside of its mask could never match. */
static bool check_masks(const struct enclave_identity *identity, struct error *err)
{
	const struct sgx_attributes *wanted = &identity->attributes;
	const struct sgx_attributes *mask = &identity->attributes_mask;
	if (identity->misc_select & ~identity->misc_select_mask || wanted->flags & ~mask->flags ||
		wanted->xfrm & ~mask->xfrm)
		return error_set(err, ERROR_INVALID,
			"\"miscselect\" or \"attributes\" has bits outside of its mask");
	return true;
}

static bool read_document(
	const struct json_node *root, struct enclave_identity *out, struct error *err)
{
	uint32_t isv_prod_id;
	if (!read_kind(root, out, err) ||
		!json_field_date(root, "issueDate", &out->validity.start, err) ||
		!json_field_date(root, "nextUpdate", &out->validity.end, err) ||
		!json_field_uint(root, "tcbEvaluationDataNumber", UINT32_MAX,
			&out->evaluation_number, err) ||
		!read_misc_select(root, "miscselect", &out->misc_select, err) ||
		!read_misc_select(root, "miscselectMask", &out->misc_select_mask, err) ||
		!read_attributes(root, "attributes", &out->attributes, err) ||
		!read_attributes(root, "attributesMask", &out->attributes_mask, err) ||
		!check_masks(out, err) ||
		!json_field_hex(root, "mrsigner", out->mr_signer, SGX_HASH_SIZE, err) ||
		!json_field_uint(root, "isvprodid", UINT16_MAX, &isv_prod_id, err))
		return false;
	out->isv_prod_id = (uint16_t)isv_prod_id;
	return tcb_levels_read(root, read_isv_svn, &out->levels, err);
}

/* An enclave has no configuration, so of the seven statuses these three are left. */
static bool check_statuses(const struct tcb_levels *levels, struct error *err)
{
	for (size_t i = 0; i < levels->count; i++) {
		enum tcb_status status = levels->levels[i].status;
		if (status != TCB_UP_TO_DATE && status != TCB_OUT_OF_DATE && status != TCB_REVOKED)
			return error_set(err, ERROR_INVALID,
				"\"tcbStatus\" \"%s\" does not exist for an enclave",
				tcb_status_name(status));
	}
	return true;
}

bool enclave_identity_parse(struct bytes body, struct enclave_identity *out, struct error *err)
{
	*out = (struct enclave_identity){ 0 };
	AUTO(json_tree_free) struct json_tree tree;
	if (json_tree_read(body, &tree, err) && read_document(json_tree_root(&tree), out, err) &&
		check_statuses(&out->levels, err))
		return true;
	enclave_identity_free(out);
	return false;
}

void enclave_identity_free(struct enclave_identity *identity)
{
	tcb_levels_free(&identity->levels);
}

static const char *find_difference(
	const struct enclave_identity *identity, const struct sgx_report_body *report)
{
	const struct sgx_attributes *mask = &identity->attributes_mask;
	if ((report->misc_select & identity->misc_select_mask) != identity->misc_select)
		return "MISCSELECT";
	if ((report->attributes.flags & mask->flags) != identity->attributes.flags ||
		(report->attributes.xfrm & mask->xfrm) != identity->attributes.xfrm)
		return "ATTRIBUTES";
	if (memcmp(report->mr_signer, identity->mr_signer, SGX_HASH_SIZE) != 0)
		return "MRSIGNER";
	return report->isv_prod_id != identity->isv_prod_id ? "ISVPRODID" : NULL;
}

bool enclave_identity_match(const struct enclave_identity *identity,
	const struct sgx_report_body *report, const struct tcb_level **level, struct error *err)
{
	static const uint8_t no_components[TCB_COMPONENTS];
	const char *difference = find_difference(identity, report);
	if (difference)
		return error_set(err, ERROR_DENIED,
			"the quote was not made by Intel's Quoting Enclave: %s differs from the "
			"QE identity",
			difference);
	*level = tcb_levels_find(&identity->levels, no_components, report->isv_svn);
	return *level ||
	       error_set(err, ERROR_DENIED,
		       "TCB not supported: the Quoting Enclave's ISVSVN %u is below every "
		       "level of the QE identity",
		       report->isv_svn);
}
