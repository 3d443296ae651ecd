/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/quote_document.h"

#include "base/clock.h"
#include "base/hex.h"
#include "dcap/chain.h"
#include "dcap/pck_lookup.h"

#define VALUE_COLUMN 24

static void add(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

static void add_hex(json_t *object, const char *name, const void *data, size_t size)
{
	AUTO(buf_free) struct buf digits = { 0 };
	hex_encode(&digits, data, size);
	add(object, name, json_string(buf_text(&digits)));
}

/* A field of flags, as a number in hex. */
static void add_flags(json_t *object, const char *name, uint64_t value)
{
	AUTO(buf_free) struct buf digits = { 0 };
	buf_printf(&digits, "0x%016llx", (unsigned long long)value);
	add(object, name, json_string(buf_text(&digits)));
}

static void add_date(json_t *object, const char *name, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format_utc(text, seconds);
	add(object, name, json_string(text));
}

static json_t *enclave_document(const struct sgx_report_body *report)
{
	json_t *out = json_object();
	add_hex(out, "mrEnclave", report->mr_enclave, SGX_HASH_SIZE);
	add_hex(out, "mrSigner", report->mr_signer, SGX_HASH_SIZE);
	add(out, "isvProdId", json_integer(report->isv_prod_id));
	add(out, "isvSvn", json_integer(report->isv_svn));
	add(out, "debug", json_boolean(report->attributes.flags & SGX_FLAG_DEBUG));
	add_flags(out, "attributes", report->attributes.flags);
	add_flags(out, "xfrm", report->attributes.xfrm);
	add_flags(out, "miscSelect", report->misc_select);
	add_hex(out, "cpuSvn", report->cpu_svn, sizeof(report->cpu_svn));
	add_hex(out, "configId", report->config_id, sizeof(report->config_id));
	add(out, "configSvn", json_integer(report->config_svn));
	add_hex(out, "isvExtProdId", report->isv_ext_prod_id, sizeof(report->isv_ext_prod_id));
	add_hex(out, "isvFamilyId", report->isv_family_id, sizeof(report->isv_family_id));
	add_hex(out, "reportData", report->report_data, SGX_REPORT_DATA_SIZE);
	return out;
}

static json_t *vm_document(const struct td_report *report)
{
	json_t *out = json_object();
	add_hex(out, "mrTd", report->mr_td, TD_HASH_SIZE);
	add_hex(out, "rtmr0", report->rtmr[0], TD_HASH_SIZE);
	add_hex(out, "rtmr1", report->rtmr[1], TD_HASH_SIZE);
	add_hex(out, "rtmr2", report->rtmr[2], TD_HASH_SIZE);
	add_hex(out, "rtmr3", report->rtmr[3], TD_HASH_SIZE);
	add(out, "debug", json_boolean(report->attributes & TD_ATTRIBUTE_DEBUG));
	add_flags(out, "tdAttributes", report->attributes);
	add_flags(out, "xfam", report->xfam);
	add_hex(out, "mrConfigId", report->mr_config_id, TD_HASH_SIZE);
	add_hex(out, "mrOwner", report->mr_owner, TD_HASH_SIZE);
	add_hex(out, "mrOwnerConfig", report->mr_owner_config, TD_HASH_SIZE);
	add_hex(out, "teeTcbSvn", report->tee_tcb_svn, TD_SVN_SIZE);
	add_hex(out, "mrSeam", report->mr_seam, TD_HASH_SIZE);
	add_hex(out, "mrSignerSeam", report->mr_signer_seam, TD_HASH_SIZE);
	add_flags(out, "seamAttributes", report->seam_attributes);
	if (report->is_1_5) {
		add_hex(out, "teeTcbSvn2", report->tee_tcb_svn_2, TD_SVN_SIZE);
		add_hex(out, "mrServiceTd", report->mr_service_td, TD_HASH_SIZE);
	}
	add_hex(out, "reportData", report->report_data, TD_REPORT_DATA_SIZE);
	return out;
}

static json_t *platform_document(const struct pck_extension *platform)
{
	json_t *out = json_object();
	add_hex(out, "fmspc", platform->fmspc, PCK_FMSPC_SIZE);
	add_hex(out, "pceId", platform->pce_id, PCK_PCE_ID_SIZE);
	add_hex(out, "ppid", platform->ppid, sizeof(platform->ppid));
	add_hex(out, "tcbComponents", platform->components, TCB_COMPONENTS);
	add(out, "pceSvn", json_integer(platform->pce_svn));
	add(out, "sgxType", json_integer(platform->sgx_type));
	if (platform->is_multi_package) {
		add_hex(out, "instanceId", platform->instance_id, sizeof(platform->instance_id));
		add(out, "dynamicPlatform", json_boolean(platform->is_dynamic));
		add(out, "cachedKeys", json_boolean(platform->has_cached_keys));
		add(out, "smtEnabled", json_boolean(platform->has_smt));
	}
	return out;
}

static json_t *certificate_document(const struct certificate *certificate)
{
	json_t *out = json_object();
	add(out, "name", json_string(certificate_role_name(certificate->role)));
	add_hex(out, "serial", certificate->serial.data, certificate->serial.size);
	add_date(out, "notBefore", certificate->validity.start);
	add_date(out, "notAfter", certificate->validity.end);
	return out;
}

static void add_certificates(json_t *out, const struct chain *chain)
{
	struct error err = { 0 };
	json_t *list = json_array();
	for (size_t i = 0; i < chain->count; i++)
		json_array_append_new(list, certificate_document(&chain->certificates[i]));
	add(out, "certificates", list);
	const struct certificate *pck = chain_find(chain, CERTIFICATE_PCK);
	struct pck_extension platform;
	if (pck && pck_extension_parse(pck->sgx_extension, &platform, &err))
		add(out, "platform", platform_document(&platform));
	else
		add(out, "error", json_string(pck ? err.message : "it has no PCK certificate"));
}

static void add_chain(json_t *out, struct bytes pem)
{
	AUTO(chain_free) struct chain chain = { 0 };
	struct error err = { 0 };
	if (chain_read(pem, &chain, &err))
		add_certificates(out, &chain);
	else
		add(out, "error", json_string(err.message));
}

static void add_leaf(json_t *out, const struct sgx_quote *quote)
{
	AUTO(chain_free) struct chain chain = { .count = 1 };
	struct error err = { 0 };
	if (pck_lookup_read_leaf(quote->cert_data, &chain.certificates[0], &err))
		add_certificates(out, &chain);
	else
		add(out, "error", json_string(err.message));
}

/* The platform by its name, of which the encrypted PPID is all that tells it from others. */
static void add_name(json_t *out, const struct sgx_quote *quote)
{
	struct sgx_pck_name name;
	struct error err = { 0 };
	if (!sgx_pck_name_parse(quote->cert_type, quote->cert_data, &name, &err)) {
		add(out, "error", json_string(err.message));
		return;
	}
	add_hex(out, name.type == SGX_CERT_TYPE_PPID ? "ppid" : "encryptedPpid", name.ppid.data,
		name.ppid.size);
	add_hex(out, "cpuSvn", name.cpu_svn, sizeof(name.cpu_svn));
	add(out, "pceSvn", json_integer(name.pce_svn));
	add_hex(out, "pceId", name.pce_id, sizeof(name.pce_id));
}

static const char *certification_kind(uint16_t type)
{
	static const char *const kinds[] = {
		[SGX_CERT_TYPE_PPID] = "name of the platform: PPID",
		[SGX_CERT_TYPE_PPID_RSA_2048] = "name of the platform: PPID, RSA-2048-OAEP",
		[SGX_CERT_TYPE_PPID_RSA_3072] = "name of the platform: PPID, RSA-3072-OAEP",
		[SGX_CERT_TYPE_PCK_LEAF] = "PCK certificate",
		[SGX_CERT_TYPE_PCK_CHAIN] = "PCK certificate chain",
	};
	bool is_known = type >= SGX_CERT_TYPE_PPID && type <= SGX_CERT_TYPE_PCK_CHAIN;
	return is_known ? kinds[type] : "unknown";
}

static json_t *certification_document(const struct sgx_quote *quote)
{
	json_t *out = json_object();
	add(out, "type", json_integer(quote->cert_type));
	add(out, "kind", json_string(certification_kind(quote->cert_type)));
	if (sgx_cert_type_is_name(quote->cert_type))
		add_name(out, quote);
	else if (quote->cert_type == SGX_CERT_TYPE_PCK_CHAIN)
		add_chain(out, quote->cert_data);
	else if (quote->cert_type == SGX_CERT_TYPE_PCK_LEAF)
		add_leaf(out, quote);
	else
		add_hex(out, "data", quote->cert_data.data, quote->cert_data.size);
	return out;
}

json_t *quote_document(const struct sgx_quote *quote, size_t size)
{
	json_t *out = json_object();
	add(out, "version", json_integer(quote->version));
	add(out, "tee", json_string(quote->is_tdx ? "TDX" : "SGX"));
	add(out, "size", json_integer((json_int_t)size));
	add_hex(out, "qeId", quote->header.user_data, 16);
	if (quote->version == SGX_QUOTE_VERSION_3) {
		add(out, "qeSvn", json_integer(quote->header.qe_svn));
		add(out, "pceSvn", json_integer(quote->header.pce_svn));
	}
	if (quote->is_tdx)
		add(out, "vm", vm_document(&quote->td));
	else
		add(out, "enclave", enclave_document(&quote->report));
	add_hex(out, "signature", quote->signature, P256_RAW_SIZE);
	add_hex(out, "attestationKey", quote->attestation_key, P256_RAW_SIZE);
	add(out, "quotingEnclave", enclave_document(&quote->qe_report));
	add_hex(out, "quotingEnclaveSignature", quote->qe_report_signature, P256_RAW_SIZE);
	add_hex(out, "authenticationData", quote->qe_auth_data.data, quote->qe_auth_data.size);
	add(out, "certification", certification_document(quote));
	return out;
}

static void put_scalar(const json_t *value, struct buf *out)
{
	if (json_is_string(value))
		buf_put_visible(out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else
		buf_put_text(out, json_is_true(value) ? "yes" : "no");
	buf_put_text(out, "\n");
}

static void put_object(const json_t *object, int indent, struct buf *out);

/* The depth is that of the documents that are made above. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void put_member(const char *name, const json_t *value, int indent, struct buf *out)
{
	int padding = VALUE_COLUMN - indent - (int)strlen(name);
	buf_printf(out, "%*s%s:", indent, "", name);
	if (json_is_object(value)) {
		buf_put_text(out, "\n");
		put_object(value, indent + 2, out);
		return;
	}
	if (!json_is_array(value)) {
		buf_printf(out, "%*s", padding > 1 ? padding : 1, "");
		put_scalar(value, out);
		return;
	}
	buf_put_text(out, "\n");
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i)
			buf_put_text(out, "\n");
		put_object(json_array_get(value, i), indent + 2, out);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void put_object(const json_t *object, int indent, struct buf *out)
{
	for (void *i = json_object_iter((json_t *)object); i;
		i = json_object_iter_next((json_t *)object, i))
		put_member(json_object_iter_key(i), json_object_iter_value(i), indent, out);
}

void quote_document_put_text(const json_t *document, struct buf *out)
{
	put_object(document, 0, out);
}
