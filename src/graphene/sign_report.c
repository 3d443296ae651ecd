/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sign_report.h"

#include "base/hex.h"
#include "graphene/manifest_value.h"

#include <string.h>

#define SECINFO_TCS 0x100

void sign_report_put_area(const struct enclave_area *area, void *context)
{
	const struct sign_report_memory *memory = context;
	buf_printf(memory->out, "    %016llx-%016llx [%s:%c%c%c] (%s)%s\n",
		(unsigned long long)(memory->base + area->start),
		(unsigned long long)(memory->base + area->end),
		area->secinfo_flags & SECINFO_TCS ? "TCS" : "REG",
		area->secinfo_flags & 1 ? 'R' : '-', area->secinfo_flags & 2 ? 'W' : '-',
		area->secinfo_flags & 4 ? 'X' : '-', area->name, area->measured ? " measured" : "");
}

/* The bytes of a number as they lie in memory. */
static void put_memory_order(struct buf *out, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buf_printf(out, "%02x", (unsigned)(number >> 8 * i & 0xff));
}

static void put_attributes(struct buf *out, const struct sigstruct *fields)
{
	buf_printf(out,
		"    isv_prod_id: %u\n    isv_svn:     %u\n    attr.flags:  ", fields->isv_prod_id,
		fields->isv_svn);
	put_memory_order(out, fields->attributes.flags, 8);
	buf_put_text(out, "\n    attr.xfrm:   ");
	put_memory_order(out, fields->attributes.xfrm, 8);
	buf_put_text(out, "\n    misc_select: ");
	put_memory_order(out, fields->misc_select, 4);
	buf_printf(out, "\n    date:        %04x-%02x-%02x\n", fields->date >> 16,
		fields->date >> 8 & 0xff, fields->date & 0xff);
}

static void put_attestation(
	struct buf *out, const json_t *tree, const struct graphene_manifest *manifest)
{
	bool is_graphene = manifest->generation == GRAPHENE_GENERATION_GRAPHENE;
	if (is_graphene && manifest->attestation == GRAPHENE_ATTESTATION_NONE)
		return;
	buf_put_text(out, "SGX remote attestation:\n    ");
	switch (manifest->attestation) {
	case GRAPHENE_ATTESTATION_DCAP:
		buf_put_text(out, "DCAP/ECDSA\n");
		break;
	case GRAPHENE_ATTESTATION_EPID:
		buf_printf(out, "EPID (spid = %s, linkable = %s)\n",
			manifest_string(tree, "sgx.ra_client_spid", ""),
			manifest_bool(tree, "sgx.ra_client_linkable", false) ? "True" : "False");
		break;
	default:
		buf_put_text(out, "None\n");
	}
}

void sign_report_put(struct buf *out, const json_t *tree, const struct graphene_manifest *manifest,
	const struct sigstruct *fields, const struct buf *memory)
{
	unsigned long long size = manifest->enclave_size;
	if (manifest->generation == GRAPHENE_GENERATION_GRAPHENE)
		buf_printf(out, "Attributes:\n    size:        0x%llx\n    thread_num:  %u\n", size,
			manifest->thread_num);
	else
		buf_printf(out,
			"Attributes (required for enclave measurement):\n"
			"    size:        0x%llx\n    edmm:        %s\n    max_threads: %u\n",
			size, manifest->edmm ? "True" : "False", manifest->thread_num);
	put_attributes(out, fields);
	put_attestation(out, tree, manifest);
	buf_printf(out, "Memory:\n%sMeasurement:\n    ", buf_text(memory));
	hex_encode(out, fields->mr_enclave, sizeof(fields->mr_enclave));
	buf_put_text(out, "\n");
}
