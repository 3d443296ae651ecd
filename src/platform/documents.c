/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/documents.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/json_text.h"
#include "crypto/p256.h"
#include "platform/machine.h"

#include <ctype.h>
#include <string.h>

#define TCB_INFO_VERSION    3
#define QE_IDENTITY_VERSION 2
#define DAY                 INT64_C(86400)
#define CONFIGURATION_SVN   6 /* which component tells what the firmware's settings are */

/*
 * The levels that a TCB info has, newest first, as Intel's have them: the newest microcode with
 * and without the right settings, an older one with and without, an older PCE, and one that is not
 * to be trusted any more. Which of them is this machine's own is the user's choice; the SVNs of the
 * others follow from it.
 */
static const struct rung {
	enum tcb_status status;
	uint8_t microcode_behind; /* the newest, in components 1 and 2 */
	bool misconfigured;       /* the configuration component is one lower */
	uint8_t pce_behind;
	int days_old;
} ladder[] = {
	{ TCB_UP_TO_DATE, 0, false, 0, 60 },
	{ TCB_CONFIGURATION_NEEDED, 0, true, 0, 60 },
	{ TCB_OUT_OF_DATE, 2, false, 0, 240 },
	{ TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, 2, true, 0, 240 },
	{ TCB_OUT_OF_DATE, 4, false, 2, 600 },
	{ TCB_REVOKED, 10, true, 8, 1500 },
};
#define RUNGS (sizeof(ladder) / sizeof(ladder[0]))

static bool needs_hardening(enum tcb_status status)
{
	return status == TCB_SW_HARDENING_NEEDED ||
	       status == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

static enum tcb_status with_hardening(enum tcb_status status)
{
	switch (status) {
	case TCB_UP_TO_DATE:
		return TCB_SW_HARDENING_NEEDED;
	case TCB_CONFIGURATION_NEEDED:
		return TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
	default:
		return status;
	}
}

/* The rung on which a machine of this status stands. */
static const struct rung *rung_of(enum tcb_status status)
{
	size_t i = 0;
	while (i < RUNGS - 1 && ladder[i].status != status &&
		with_hardening(ladder[i].status) != status)
		i++;
	return &ladder[i];
}

static void put_date(struct buf *out, const char *name, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format_utc(text, seconds);
	buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_validity(struct buf *out, const struct platform_options *options)
{
	put_date(out, "issueDate", options->issued_at);
	put_date(out, "nextUpdate", options->issued_at + options->valid_for);
}

/* Levels are dated by the day. */
static void put_tcb_date(struct buf *out, const struct platform_options *options, int days_old)
{
	put_date(out, "tcbDate", (options->issued_at / DAY - days_old) * DAY);
}

static void put_upper_hex(struct buf *out, const char *name, const void *data, size_t size)
{
	buf_printf(out, ",\"%s\":\"", name);
	size_t start = out->size;
	hex_encode(out, data, size);
	for (size_t i = start; i < out->size; i++)
		out->data[i] = (uint8_t)toupper(out->data[i]);
	buf_put_text(out, "\"");
}

static void put_advisories(struct buf *out, const char *const *advisories)
{
	if (!advisories || !advisories[0])
		return;
	buf_put_text(out, ",\"advisoryIDs\":[");
	for (size_t i = 0; advisories[i]; i++) {
		buf_put_text(out, i ? "," : "");
		json_text_put(out, advisories[i], strlen(advisories[i]));
	}
	buf_put_text(out, "]");
}

/* An array of components; their names would only be shown. */
static void put_components(struct buf *out, const char *name, const uint8_t svns[TCB_COMPONENTS])
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < TCB_COMPONENTS; i++)
		buf_printf(out, "%s{\"svn\":%u}", i ? "," : "", svns[i]);
	buf_put_text(out, "]");
}

/* What a level demands of a VM: the SVN of a module without levels of its own, and the microcode.
 */
static void put_tdx_components(struct buf *out, const struct pck_extension *level)
{
	const uint8_t components[TCB_COMPONENTS] = { machine_tee_tcb_svn[0], 0,
		level->components[0] };
	buf_put_text(out, ",");
	put_components(out, "tdxtcbcomponents", components);
}

/* The SVNs of a rung, given that the machine stands on `own`. */
static struct pck_extension level_of(
	const struct pck_extension *machine, const struct rung *own, const struct rung *rung)
{
	struct pck_extension level = *machine;
	int microcode = own->microcode_behind - rung->microcode_behind;
	level.components[0] = (uint8_t)(level.components[0] + microcode);
	level.components[1] = (uint8_t)(level.components[1] + microcode);
	level.components[CONFIGURATION_SVN] = (uint8_t)(level.components[CONFIGURATION_SVN] +
							own->misconfigured - rung->misconfigured);
	level.pce_svn = (uint16_t)(level.pce_svn + own->pce_behind - rung->pce_behind);
	return level;
}

static void put_tcb_level(struct buf *out, const struct pck_extension *machine, bool for_tdx,
	const struct platform_options *options, const struct rung *rung)
{
	const struct rung *own = rung_of(options->tcb_status);
	struct pck_extension level = level_of(machine, own, rung);
	bool hardening = needs_hardening(options->tcb_status);
	enum tcb_status status = hardening ? with_hardening(rung->status) : rung->status;
	buf_put_text(out, "{\"tcb\":{");
	put_components(out, "sgxtcbcomponents", level.components);
	buf_printf(out, ",\"pcesvn\":%u", level.pce_svn);
	if (for_tdx)
		put_tdx_components(out, &level);
	buf_put_text(out, "}");
	put_tcb_date(out, options, rung->days_old);
	buf_printf(out, ",\"tcbStatus\":\"%s\"", tcb_status_name(status));
	put_advisories(out, rung == own ? options->advisories : NULL);
	buf_put_text(out, "}");
}

static bool put_signed(struct buf *out, const char *name, const struct buf *document,
	EVP_PKEY *signing_key, struct error *err)
{
	uint8_t signature[P256_RAW_SIZE];
	if (!p256_sign_raw(signing_key, buf_bytes(document), signature, err))
		return false;
	buf_printf(out, "{\"%s\":", name);
	buf_put(out, document->data, document->size);
	buf_put_text(out, ",\"signature\":\"");
	hex_encode(out, signature, sizeof(signature));
	buf_put_text(out, "\"}");
	return true;
}

/* Who signs TDX modules: Intel, whose key stands for zeros. */
static void put_tdx_signer(struct buf *out)
{
	static const uint8_t signer[TD_HASH_SIZE];
	static const uint8_t attributes[8];
	static const uint8_t attributes_mask[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff };
	buf_put_text(out, "\"mrsigner\":\"");
	hex_encode(out, signer, sizeof(signer));
	buf_put_text(out, "\"");
	put_upper_hex(out, "attributes", attributes, sizeof(attributes));
	put_upper_hex(out, "attributesMask", attributes_mask, sizeof(attributes_mask));
}

/* The module that the machine runs, of which an older one is out of date. */
static void put_tdx_modules(struct buf *out, const struct platform_options *options)
{
	unsigned svn = machine_tee_tcb_svn[0];
	buf_put_text(out, ",\"tdxModule\":{");
	put_tdx_signer(out);
	buf_printf(out, "},\"tdxModuleIdentities\":[{\"id\":\"TDX_%02X\",", machine_tee_tcb_svn[1]);
	put_tdx_signer(out);
	buf_printf(out, ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u}", svn);
	put_tcb_date(out, options, 60);
	buf_printf(out, ",\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":%u}", svn - 2);
	put_tcb_date(out, options, 240);
	buf_put_text(out, ",\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-01036\"]}]}]");
}

bool documents_put_tcb_info(struct buf *out, const struct pck_extension *machine, bool for_tdx,
	const struct platform_options *options, EVP_PKEY *signing_key, struct error *err)
{
	AUTO(buf_free) struct buf document = { 0 };
	buf_printf(&document, "{\"id\":\"%s\",\"version\":%d", for_tdx ? "TDX" : "SGX",
		TCB_INFO_VERSION);
	put_validity(&document, options);
	put_upper_hex(&document, "fmspc", machine->fmspc, sizeof(machine->fmspc));
	buf_printf(&document, ",\"pceId\":\"0000\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%u",
		options->tcb_evaluation_number);
	if (for_tdx)
		put_tdx_modules(&document, options);
	buf_put_text(&document, ",\"tcbLevels\":[");
	for (size_t i = 0; i < RUNGS; i++) {
		buf_put_text(&document, i ? "," : "");
		put_tcb_level(&document, machine, for_tdx, options, &ladder[i]);
	}
	buf_put_text(&document, "]}");
	return put_signed(out, "tcbInfo", &document, signing_key, err);
}

static void put_qe_level(struct buf *out, const struct platform_options *options, unsigned svn,
	enum tcb_status status, int days_old)
{
	buf_printf(out, "{\"tcb\":{\"isvsvn\":%u}", svn);
	put_tcb_date(out, options, days_old);
	buf_printf(out, ",\"tcbStatus\":\"%s\"}", tcb_status_name(status));
}

/* The newest level, the machine's own, older ones; the first two are one if that is up to date. */
static void put_qe_levels(struct buf *out, const struct platform_options *options, unsigned own_svn)
{
	static const unsigned behind[] = { 2, 3, 4, 6, 7 }; /* the distances that Intel's have */
	enum tcb_status own = options->qe_status;
	bool current = own == TCB_UP_TO_DATE;
	if (!current) {
		put_qe_level(out, options, own_svn + behind[0], TCB_UP_TO_DATE, 60);
		buf_put_text(out, ",");
	}
	put_qe_level(out, options, own_svn, own, current ? 60 : 600);
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		buf_put_text(out, ",");
		put_qe_level(out, options, own_svn - behind[i],
			own == TCB_REVOKED ? TCB_REVOKED : TCB_OUT_OF_DATE, 900 + 300 * (int)i);
	}
}

bool documents_put_qe_identity(struct buf *out, const struct sgx_report_body *qe, bool for_tdx,
	const struct platform_options *options, EVP_PKEY *signing_key, struct error *err)
{
	/* of the attributes, INIT and PROVISIONKEY must be set, DEBUG clear, MODE64BIT is free */
	static const uint8_t attributes[16] = { 0x11 };
	static const uint8_t attributes_mask[16] = { 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff };
	static const uint8_t misc_select[4];
	static const uint8_t misc_select_mask[4] = { 0xff, 0xff, 0xff, 0xff };
	AUTO(buf_free) struct buf document = { 0 };
	buf_printf(&document, "{\"id\":\"%s\",\"version\":%d", for_tdx ? "TD_QE" : "QE",
		QE_IDENTITY_VERSION);
	put_validity(&document, options);
	buf_printf(&document, ",\"tcbEvaluationDataNumber\":%u", options->tcb_evaluation_number);
	put_upper_hex(&document, "miscselect", misc_select, sizeof(misc_select));
	put_upper_hex(&document, "miscselectMask", misc_select_mask, sizeof(misc_select_mask));
	put_upper_hex(&document, "attributes", attributes, sizeof(attributes));
	put_upper_hex(&document, "attributesMask", attributes_mask, sizeof(attributes_mask));
	put_upper_hex(&document, "mrsigner", qe->mr_signer, sizeof(qe->mr_signer));
	buf_printf(&document, ",\"isvprodid\":%u,\"tcbLevels\":[", qe->isv_prod_id);
	put_qe_levels(&document, options, qe->isv_svn);
	buf_put_text(&document, "]}");
	return put_signed(out, "enclaveIdentity", &document, signing_key, err);
}
