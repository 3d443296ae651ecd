/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/pck_extension.h"

#include "dcap/der.h"

#include <string.h>

#define ARCS_MAX 128 /* last numbers of an OID that one byte holds */

enum entry_number {
	ENTRY_PPID = 1,
	ENTRY_TCB = 2,
	ENTRY_PCE_ID = 3,
	ENTRY_FMSPC = 4,
	ENTRY_SGX_TYPE = 5,
	ENTRY_INSTANCE_ID = 6,
	ENTRY_CONFIGURATION = 7,
};

#define TCB_PCE_SVN           17
#define TCB_CPU_SVN           18
#define SGX_TYPE_MAX          2 /* scalable with integrity */
#define CONFIGURATION_ENTRIES 3

/* 1.2.840.113741.1.13.1 and the number that leads to a list one level below. */
struct parent {
	uint8_t oid[10];
	size_t size;
};

static const struct parent top_list = { { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1 }, 9 };
static const struct parent tcb_list = { { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1, ENTRY_TCB },
	10 };
static const struct parent configuration_list = {
	{ 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 13, 1, ENTRY_CONFIGURATION }, 10
};

/* A SEQUENCE of entries (OID, value) whose OIDs stand directly under one parent. */
struct entry_list {
	struct reader left;
	const struct parent *parent;
	bool seen[ARCS_MAX];
};

/*
 * The last number of the next entry's OID, and its value. 0 for an entry that is malformed, under
 * another parent, or that was there before.
 */
static unsigned next_entry(struct entry_list *list, struct reader *value)
{
	*value = der_take(&list->left, DER_SEQUENCE);
	struct reader oid = der_take(value, DER_OID);
	const uint8_t *parent = reader_bytes(&oid, list->parent->size);
	unsigned number = reader_u8(&oid);
	if (!reader_finished(&oid) || memcmp(parent, list->parent->oid, list->parent->size) != 0 ||
		number >= ARCS_MAX || list->seen[number])
		return 0;
	list->seen[number] = true;
	return number;
}

static bool all_seen(const struct entry_list *list, unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		if (!list->seen[i])
			return false;
	}
	return true;
}

static bool parse_tcb(struct reader *value, struct pck_extension *out, struct error *err)
{
	struct entry_list list = { .left = der_take(value, DER_SEQUENCE), .parent = &tcb_list };
	uint8_t cpu_svn[TCB_COMPONENTS] = { 0 };
	while (list.left.left) {
		struct reader entry;
		unsigned number = next_entry(&list, &entry);
		if (number >= 1 && number <= TCB_COMPONENTS)
			out->components[number - 1] =
				(uint8_t)der_take_uint(&entry, DER_INTEGER, UINT8_MAX);
		else if (number == TCB_PCE_SVN)
			out->pce_svn = (uint16_t)der_take_uint(&entry, DER_INTEGER, UINT16_MAX);
		else if (number == TCB_CPU_SVN)
			der_take_octets(&entry, cpu_svn, sizeof(cpu_svn));
		else
			return error_set(err, ERROR_INVALID,
				"the TCB has an entry that is unknown, doubled or malformed");
		if (!reader_finished(&entry))
			return error_set(
				err, ERROR_INVALID, "entry %u of the TCB is malformed", number);
	}
	if (!reader_finished(&list.left) || !all_seen(&list, 1, TCB_CPU_SVN))
		return error_set(err, ERROR_INVALID, "the TCB lacks some of its 18 entries");
	if (memcmp(cpu_svn, out->components, sizeof(cpu_svn)) != 0)
		return error_set(err, ERROR_INVALID, "CPUSVN differs from the component SVNs");
	return true;
}

/* Three BOOLEANs, each of which may be missing. */
static bool parse_configuration(struct reader *value, struct pck_extension *out, struct error *err)
{
	struct entry_list list = { .left = der_take(value, DER_SEQUENCE),
		.parent = &configuration_list };
	bool *const flags[CONFIGURATION_ENTRIES] = { &out->is_dynamic, &out->has_cached_keys,
		&out->has_smt };
	while (list.left.left) {
		struct reader entry;
		unsigned number = next_entry(&list, &entry);
		bool flag = der_take_boolean(&entry);
		if (number < 1 || number > CONFIGURATION_ENTRIES || !reader_finished(&entry))
			return error_set(
				err, ERROR_INVALID, "the platform configuration is malformed");
		*flags[number - 1] = flag;
	}
	if (!reader_finished(&list.left))
		return error_set(err, ERROR_INVALID, "the platform configuration is malformed");
	return true;
}

static bool parse_entry(
	unsigned number, struct reader *value, struct pck_extension *out, struct error *err)
{
	switch (number) {
	case ENTRY_PPID:
		der_take_octets(value, out->ppid, sizeof(out->ppid));
		return true;
	case ENTRY_TCB:
		return parse_tcb(value, out, err);
	case ENTRY_PCE_ID:
		der_take_octets(value, out->pce_id, sizeof(out->pce_id));
		return true;
	case ENTRY_FMSPC:
		der_take_octets(value, out->fmspc, sizeof(out->fmspc));
		return true;
	case ENTRY_SGX_TYPE:
		out->sgx_type = der_take_uint(value, DER_ENUMERATED, SGX_TYPE_MAX);
		return true;
	case ENTRY_INSTANCE_ID:
		der_take_octets(value, out->instance_id, sizeof(out->instance_id));
		return true;
	case ENTRY_CONFIGURATION:
		return parse_configuration(value, out, err);
	default:
		/* what later generations may add */
		der_skip(value);
		return true;
	}
}

static bool parse_list(struct entry_list *list, struct pck_extension *out, struct error *err)
{
	while (list->left.left) {
		struct reader value;
		unsigned number = next_entry(list, &value);
		if (!number)
			return error_set(err, ERROR_INVALID, "an entry is doubled or malformed");
		if (!parse_entry(number, &value, out, err))
			return false;
		if (!reader_finished(&value))
			return error_set(err, ERROR_INVALID, "entry %u is malformed", number);
	}
	if (!reader_finished(&list->left) || !all_seen(list, ENTRY_PPID, ENTRY_SGX_TYPE))
		return error_set(err, ERROR_INVALID,
			"one of PPID, TCB, PCEID, FMSPC and SGX type is missing");
	if (list->seen[ENTRY_INSTANCE_ID] != list->seen[ENTRY_CONFIGURATION])
		return error_set(err, ERROR_INVALID,
			"platform instance ID and configuration come together or not at all");
	out->is_multi_package = list->seen[ENTRY_INSTANCE_ID];
	return true;
}

bool pck_extension_parse(struct bytes der, struct pck_extension *out, struct error *err)
{
	*out = (struct pck_extension){ 0 };
	struct reader r = reader_of(der.data, der.size);
	struct entry_list list = { .left = der_take(&r, DER_SEQUENCE), .parent = &top_list };
	if (!reader_finished(&r))
		return error_set(err, ERROR_INVALID, "SGX extension: missing or malformed");
	return parse_list(&list, out, err) || error_prefix(err, "SGX extension");
}
