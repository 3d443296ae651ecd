/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/report_header.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/output.h"
#include "client/json.h"
#include "crypto/pem.h"
#include "dcap/pck_folder.h"
#include "dcap/pck_lookup.h"
#include "dcap/signed_document.h"
#include "pccs/open.h"
#include "pccs/pck_service.h"
#include "sgx/quote.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUOTE_MAX         131072
#define CHAIN_MAX         65536
#define FETCH_SILENCE_MAX 10000 /* milliseconds */
#define FETCH_MAX         60000

/* Which platform a quote comes from, as its PCK chain says under the anchor. */
struct platform {
	struct anchor anchor;
	struct chain chain;
	const struct certificate *leaf; /* in the chain */
	const struct certificate *pck_ca;
	struct pck_extension pck;
	char qe_id[2 * SGX_QE_ID_SIZE + 1];
	bool was_looked_up; /* the quote names the platform alone */
	bool is_tdx;        /* the quote is of a confidential VM */
};

static void free_platform(struct platform *platform)
{
	chain_free(&platform->chain);
	anchor_free(&platform->anchor);
}

/* The service that is asked, and for how long; as a source of PCK certificates. */
struct asked {
	struct collateral_source source; /* first, so that it is the same pointer */
	struct pccs_service service;
	struct net_limits limits;
};

static void free_asked(struct asked *asked)
{
	pccs_service_close(&asked->service);
}

static bool put_pck(struct collateral_source *source, const struct pck_request *request,
	struct buf *pem, struct error *err)
{
	const struct asked *asked = (struct asked *)source;
	int64_t end;
	return pccs_pck_fetch(&asked->service, request, &asked->limits, pem, &end, err);
}

static bool open_service(const struct options *options, struct asked *asked, struct error *err)
{
	const struct pccs_options where = {
		.collateral = options->collateral,
		.ca_file = options->collateral_ca,
		.secure_cert = options->collateral_secure_cert,
	};
	asked->source.put_pck = put_pck;
	asked->limits = (struct net_limits){ .silence = FETCH_SILENCE_MAX,
		.deadline = clock_steady() + FETCH_MAX };
	return pccs_service_find(&where, &asked->service, err);
}

static bool read_chain(
	const struct sgx_quote *quote, struct asked *asked, struct platform *out, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	const struct pck_request asker = { .anchor = &out->anchor, .now = clock_now() };
	return pck_lookup(quote, &asked->source, &asker, &pem, err) &&
	       ((chain_read(buf_bytes(&pem), &out->chain, err) &&
			chain_check_pck(&out->chain, &out->anchor, &out->leaf, &out->pck_ca, err) &&
			pck_extension_parse(out->leaf->sgx_extension, &out->pck, err) &&
			pck_lookup_check(quote, &out->pck, err)) ||
		       error_prefix(err, "PCK certificate chain"));
}

static bool read_platform(const char *file, const char *trust_root, struct asked *asked,
	struct platform *out, struct error *err)
{
	AUTO(buf_free) struct buf report = { 0 };
	struct bytes bare;
	struct sgx_quote quote;
	if (!anchor_open(trust_root, &out->anchor, err) ||
		!file_read(file, QUOTE_MAX, &report, err))
		return false;
	if (!report_header_strip_if_any(buf_bytes(&report), &bare, err) ||
		!sgx_quote_parse(bare, &quote, err) || !read_chain(&quote, asked, out, err))
		return error_prefix(err, "%s", file);
	out->is_tdx = quote.is_tdx;
	out->was_looked_up = sgx_cert_type_is_name(quote.cert_type);
	hex_format(out->qe_id, quote.header.user_data, SGX_QE_ID_SIZE);
	return true;
}

static bool write_file(
	const char *folder, const char *name, const struct buf *content, struct error *err)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", folder, name);
	return output_write(path, buf_bytes(content), 0644, err);
}

/* CRLs in DER, in whichever encoding they came. */
static bool write_folder(const char *folder, const struct pccs_set *set,
	const struct collateral *collateral, struct error *err)
{
	const struct buf *contents[COLLATERAL_FILES];
	if (!file_make_folders(folder, 0755, err))
		return false;
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		contents[i] = &set->files[i];
	contents[COLLATERAL_PCK_CRL] = &collateral->pck_crl.der;
	contents[COLLATERAL_ROOT_CRL] = &collateral->root_crl.der;
	for (size_t i = 0; i < COLLATERAL_FILES; i++) {
		const char *name = collateral_file_name((enum collateral_file)i);
		if (!write_file(folder, name, contents[i], err))
			return false;
	}
	return write_file(folder, PCK_FOLDER_ISSUERS, &set->pck_crl_chain, err);
}

/* Whoever verifies such quotes with the folder alone needs what they lack. */
static bool write_certificate(
	const char *folder, const struct platform *platform, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(auto_free) char *name = xasprintf(PCK_FOLDER_CERT_OF, platform->qe_id);
	pem_encode(&pem, "CERTIFICATE", buf_bytes(&platform->leaf->der));
	return !platform->was_looked_up || write_file(folder, name, &pem, err);
}

static bool print_success(const struct options *options, const char *what, const char *folder,
	const struct collateral *collateral, bool is_simulated, struct error *err)
{
	char start[CLOCK_TEXT_SIZE];
	char end[CLOCK_TEXT_SIZE];
	char fmspc[2 * PCK_FMSPC_SIZE + 1];
	struct validity validity = collateral_validity(collateral);
	clock_format_utc(start, validity.start);
	clock_format_utc(end, validity.end);
	hex_format(fmspc, collateral->tcb_info.fmspc, PCK_FMSPC_SIZE);
	if (output_is_json(options)) {
		AUTO(auto_json)
		json_t *document = json_pack("{ss ss ss ss sb}", "folder", folder, "fmspc", fmspc,
			"validFrom", start, "validUntil", end, "simulated", (int)is_simulated);
		return output_json(document, err);
	}
	printf("%s: %s\nPlatforms with FMSPC %s, valid from %s until %s%s\n", what, folder, fmspc,
		start, end, is_simulated ? " (SIMULATED)" : "");
	return true;
}

bool cmd_collateral_fetch(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	const char *folder = invocation->arguments[1];
	AUTO(free_platform) struct platform platform = { 0 };
	AUTO(free_asked) struct asked asked = { 0 };
	AUTO(pccs_set_free) struct pccs_set set = { 0 };
	if (!open_service(options, &asked, err) ||
		!read_platform(
			invocation->arguments[0], options->trust_root, &asked, &platform, err))
		return false;
	const struct pccs_wanted wanted = { .fmspc = platform.pck.fmspc,
		.is_tdx = platform.is_tdx,
		.pck_ca = platform.pck_ca,
		.anchor = &platform.anchor };
	if (!pccs_service_fetch(&asked.service, &wanted, &asked.limits, &set, err))
		return false;
	const char *name = asked.service.config.service;
	AUTO(auto_collateral)
	struct collateral *collateral =
		pccs_wanted_verify(&wanted, name, set.files, clock_now(), err);
	if (!collateral)
		return error_prefix(err, "collateral of %s", name);
	if (!write_folder(folder, &set, collateral, err) ||
		!write_certificate(folder, &platform, err))
		return false;
	return print_success(options, "Collateral fetched", folder, collateral,
		platform.anchor.is_simulated, err);
}

struct contents {
	struct buf files[COLLATERAL_FILES];
};

static void free_contents(struct contents *contents)
{
	for (size_t i = 0; i < COLLATERAL_FILES; i++)
		buf_free(&contents->files[i]);
}

static bool has_collateral(const char *folder)
{
	AUTO(auto_free)
	char *path = xasprintf("%s/%s", folder, collateral_file_name(COLLATERAL_TCB_INFO));
	return access(path, F_OK) == 0;
}

/* The folders below `folder` with collateral, by name. */
static void put_places(const char *folder, struct buf *out)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		AUTO(auto_free) char *place = xasprintf("%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && has_collateral(place))
			buf_printf(out, "%s%s", out->size ? ", " : "", place);
		free(entries[i]);
	}
	free(entries);
}

/* What a folder has in others below it, as that of a simulated platform, is not what was named. */
static bool read_folder(const char *folder, struct contents *contents, struct error *err)
{
	AUTO(buf_free) struct buf places = { 0 };
	struct error reason = { 0 };
	if (collateral_folder_read(folder, contents->files, &reason))
		return true;
	if (reason.kind != ERROR_NOT_FOUND)
		return error_set(err, reason.kind, "%s", reason.message);
	if (!has_collateral(folder))
		put_places(folder, &places);
	if (places.size)
		return error_set(err, reason.kind, "%s: name the folder that has it: %s",
			reason.message, buf_text(&places));
	return error_set(err, reason.kind,
		"%s: get the collateral for a quote with 'marblerun collateral fetch QUOTE %s'",
		reason.message, folder);
}

/* Who issued the PCK CRL; without a quote there is nothing else that says who it has to be. */
static bool read_crl_issuer(const char *folder, const struct anchor *anchor, struct chain *chain,
	const struct certificate **issuer, struct error *err)
{
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(auto_free) char *path = xasprintf("%s/" PCK_FOLDER_ISSUERS, folder);
	if (!file_read(path, CHAIN_MAX, &pem, err))
		return false;
	if (!chain_read(buf_bytes(&pem), chain, err))
		return error_prefix(err, "%s", path);
	*issuer = chain_find_pck_ca(chain);
	if (!*issuer)
		return error_set(err, ERROR_INVALID, "%s: no PCK CA is in it", path);
	/* first, as a simulated root has the name of Intel's */
	const struct certificate *root = chain_find(chain, CERTIFICATE_ROOT);
	return ((!root || anchor_check_root(anchor, root, err)) &&
		       certificate_check_issuer(*issuer, &anchor->root, err)) ||
	       error_prefix(err, "%s", path);
}

static bool verify_contents(const struct contents *contents, const char *folder,
	const struct anchor *anchor, int64_t now, struct collateral **out, struct error *err)
{
	AUTO(chain_free) struct chain chain = { 0 };
	const struct certificate *issuer = NULL;
	AUTO(auto_free)
	char *remedy =
		xasprintf("fetch it anew with 'marblerun collateral fetch QUOTE %s'", folder);
	if (!read_crl_issuer(folder, anchor, &chain, &issuer, err))
		return false;
	*out = collateral_new(folder, remedy, contents->files, anchor, issuer, err);
	return *out && collateral_check_dates(*out, now, err) &&
	       certificate_check_date(issuer, now, remedy, err) &&
	       crl_check_not_listed(&(*out)->root_crl, issuer, err);
}

bool cmd_collateral_verify(const struct invocation *invocation, struct error *err)
{
	const char *folder = invocation->arguments[0];
	AUTO(free_contents) struct contents contents = { 0 };
	AUTO(anchor_free) struct anchor anchor = { 0 };
	AUTO(auto_collateral) struct collateral *collateral = NULL;
	int64_t now;
	if (!options_time(&invocation->options, &now, err) ||
		!anchor_open(invocation->options.trust_root, &anchor, err) ||
		!read_folder(folder, &contents, err))
		return false;
	if (!verify_contents(&contents, folder, &anchor, now, &collateral, err))
		return error_prefix(err, "collateral in %s", folder);
	return print_success(&invocation->options, "Collateral verified", folder, collateral,
		anchor.is_simulated, err);
}

/* What is printed: lines for people, members of one object for programs. */
struct view {
	struct buf text;
	json_t *document;
};

static void free_view(struct view *view)
{
	buf_free(&view->text);
	json_decref(view->document);
}

/* Adds one part. `rest` is the end of its line; the members of `more`, which is taken, its own. */
static void add_part(struct view *view, const char *name, const char *member,
	const struct validity *validity, const char *rest, json_t *more)
{
	char start[CLOCK_TEXT_SIZE];
	char end[CLOCK_TEXT_SIZE];
	clock_format_utc(start, validity->start);
	clock_format_utc(end, validity->end);
	buf_printf(&view->text, "%-12s %s to %s, %s\n", name, start, end, rest);
	json_t *part = json_pack("{ss ss}", "validFrom", start, "validUntil", end);
	json_object_update_new(part, more);
	json_object_set_new(view->document, member, part);
}

static bool find_body(
	const struct buf *file, const char *name, struct bytes *body, struct error *err)
{
	struct signed_document document;
	if (!signed_document_find(buf_bytes(file), name, &document, err))
		return false;
	*body = document.body;
	return true;
}

static bool show_tcb_info(struct view *view, const struct buf *file, struct error *err)
{
	struct bytes body;
	char fmspc[2 * PCK_FMSPC_SIZE + 1];
	AUTO(tcb_info_free) struct tcb_info info = { 0 };
	AUTO(buf_free) struct buf rest = { 0 };
	if (!find_body(file, "tcbInfo", &body, err) || !tcb_info_parse(body, &info, err))
		return error_prefix(err, "TCB info");
	hex_format(fmspc, info.fmspc, sizeof(info.fmspc));
	buf_printf(&rest, "FMSPC %s, evaluation data number %u, %zu levels", fmspc,
		info.evaluation_number, info.levels.count);
	add_part(view, "TCB info", "tcbInfo", &info.validity, buf_text(&rest),
		json_pack("{ss si}", "fmspc", fmspc, "tcbEvaluationDataNumber",
			(int)info.evaluation_number));
	return true;
}

static bool show_qe_identity(struct view *view, const struct buf *file, struct error *err)
{
	struct bytes body;
	char signer[2 * SGX_HASH_SIZE + 1];
	AUTO(enclave_identity_free) struct enclave_identity identity = { 0 };
	AUTO(buf_free) struct buf rest = { 0 };
	if (!find_body(file, "enclaveIdentity", &body, err) ||
		!enclave_identity_parse(body, &identity, err))
		return error_prefix(err, "QE identity");
	hex_format(signer, identity.mr_signer, sizeof(identity.mr_signer));
	buf_printf(&rest, "MRSIGNER %s, evaluation data number %u", signer,
		identity.evaluation_number);
	add_part(view, "QE identity", "qeIdentity", &identity.validity, buf_text(&rest),
		json_pack("{ss si}", "mrsigner", signer, "tcbEvaluationDataNumber",
			(int)identity.evaluation_number));
	return true;
}

static bool show_crl(struct view *view, const char *name, const char *member,
	const struct buf *file, struct error *err)
{
	AUTO(crl_free) struct crl crl = { 0 };
	AUTO(buf_free) struct buf rest = { 0 };
	if (!crl_read(buf_bytes(file), &crl, err))
		return error_prefix(err, "%s", name);
	buf_printf(&rest, "%zu revoked", crl.serial_count);
	add_part(view, name, member, &crl.validity, buf_text(&rest),
		json_pack("{si}", "revoked", (int)crl.serial_count));
	return true;
}

bool cmd_collateral_show(const struct invocation *invocation, struct error *err)
{
	const char *folder = invocation->arguments[0];
	AUTO(free_contents) struct contents contents = { 0 };
	AUTO(free_view) struct view view = { .document = json_object() };
	if (!read_folder(folder, &contents, err))
		return false;
	if (!show_tcb_info(&view, &contents.files[COLLATERAL_TCB_INFO], err) ||
		!show_qe_identity(&view, &contents.files[COLLATERAL_QE_IDENTITY], err) ||
		!show_crl(&view, "PCK CRL", "pckCRL", &contents.files[COLLATERAL_PCK_CRL], err) ||
		!show_crl(&view, "root CRL", "rootCRL", &contents.files[COLLATERAL_ROOT_CRL], err))
		return error_prefix(err, "collateral in %s", folder);
	if (output_is_json(&invocation->options))
		return output_json(view.document, err);
	printf("%sNothing of this was verified: 'marblerun collateral verify' does that.\n",
		buf_text(&view.text));
	return true;
}
