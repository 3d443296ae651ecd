/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/platform.h"

#include "base/memory.h"
#include "base/reader.h"
#include "crypto/digest.h"
#include "crypto/p256.h"
#include "platform/extension.h"
#include "platform/folder.h"
#include "platform/machine.h"
#include "platform/ppid.h"
#include "sgx/quote.h"

#include <string.h>

/* What Gramine's seal keys leave out of XFRM by default: bits that do not change what code does. */
#define SEAL_XFRM_MASK UINT64_C(0xfffffffffff9ff1b)

struct quoting_enclave {
	EVP_PKEY *attestation_key; /* NULL: there is none on this platform */
	uint8_t attestation_point[P256_RAW_SIZE];
	uint8_t report[PLATFORM_QE_REPORT_SIZE]; /* report body and signature */
	uint16_t svn;
};

struct platform {
	struct quoting_enclave qe;    /* for enclaves */
	struct quoting_enclave td_qe; /* for confidential VMs */
	char *folder;
	struct pck_extension machine; /* what the PCK certificate says of it */
	uint8_t qe_id[SGX_QE_ID_SIZE];
	size_t leaf_size;     /* how much of the next is the leaf */
	struct buf cert_data; /* leaf, CA and root in PEM, and a NUL */
	uint8_t secret[PLATFORM_SECRET_SIZE];
	uint8_t report_key_id[32]; /* a processor chooses it when it is reset */
};

void platform_free(struct platform *platform)
{
	if (!platform)
		return;
	EVP_PKEY_free(platform->qe.attestation_key);
	EVP_PKEY_free(platform->td_qe.attestation_key);
	buf_free(&platform->cert_data);
	free(platform->folder);
	memory_wipe(platform, sizeof(*platform));
	free(platform);
}

DEFINE_AUTO_FREE(auto_platform, struct platform *, platform_free)

static bool load_quoting_enclave(const char *folder, const char *key, const char *report,
	struct quoting_enclave *out, struct error *err)
{
	out->attestation_key = platform_load_key(folder, key, err);
	return out->attestation_key &&
	       p256_put_point(out->attestation_key, out->attestation_point, err) &&
	       platform_load_exact(folder, report, out->report, sizeof(out->report), err);
}

static bool load(struct platform *p, const char *folder, struct error *err)
{
	if (!load_quoting_enclave(
		    folder, PLATFORM_ATTESTATION_KEY, PLATFORM_QE_REPORT, &p->qe, err) ||
		(platform_has_tdx(folder) &&
			!load_quoting_enclave(folder, PLATFORM_TD_ATTESTATION_KEY,
				PLATFORM_TD_QE_REPORT, &p->td_qe, err)) ||
		!platform_load_exact(folder, PLATFORM_SECRET, p->secret, sizeof(p->secret), err) ||
		!platform_load(folder, PLATFORM_PCK, &p->cert_data, err))
		return false;
	p->leaf_size = p->cert_data.size;
	if (!platform_load(folder, PLATFORM_CA, &p->cert_data, err) ||
		!platform_load(folder, PLATFORM_ROOT_CA, &p->cert_data, err))
		return false;
	buf_put_u8(&p->cert_data, 0);
	return true;
}

static bool is_signed_by(const struct quoting_enclave *enclave, X509 *pck)
{
	uint8_t point[P256_RAW_SIZE];
	AUTO(auto_p256_key) struct p256_key *key = NULL;
	if (p256_put_point(X509_get0_pubkey(pck), point, NULL))
		key = p256_key_new(point, NULL);
	return p256_verify_raw(key, (struct bytes){ enclave->report, SGX_REPORT_BODY_SIZE },
		enclave->report + SGX_REPORT_BODY_SIZE);
}

/* Key, report of the Quoting Enclave and certificate are of one platform. */
static bool check_quoting_enclave(struct quoting_enclave *enclave, X509 *pck, struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	struct sgx_report_body report;
	struct reader r = reader_of(enclave->report, SGX_REPORT_BODY_SIZE);
	if (!enclave->attestation_key)
		return true;
	machine_bind_key(enclave->attestation_point, digest);
	sgx_report_body_parse(&r, &report);
	enclave->svn = report.isv_svn;
	if (!memcmp(digest, report.report_data, sizeof(digest)) && is_signed_by(enclave, pck))
		return true;
	return error_set(err, ERROR_INVALID,
		"attestation key, report of the Quoting Enclave and PCK certificate do not "
		"belong together: files were damaged or mixed up, make a new platform");
}

static bool prepare(struct platform *p, const char *folder, struct error *err)
{
	AUTO(auto_x509) X509 *pck = platform_load_cert(folder, PLATFORM_PCK, err);
	if (!pck || !platform_extension_of(pck, &p->machine, err) ||
		!check_quoting_enclave(&p->qe, pck, err) ||
		!check_quoting_enclave(&p->td_qe, pck, err))
		return false;
	p->folder = xstrdup(folder);
	machine_derive(p->secret, "QE ID", (struct bytes){ NULL, 0 }, p->qe_id, sizeof(p->qe_id));
	random_bytes(p->report_key_id, sizeof(p->report_key_id));
	return true;
}

struct platform *platform_open(const char *folder, struct error *err)
{
	AUTO(auto_platform) struct platform *p = xcalloc(1, sizeof(*p));
	if (!platform_check(folder, err))
		return NULL;
	if (!load(p, folder, err) || !prepare(p, folder, err)) {
		error_prefix(err, "cannot use platform %s", folder);
		return NULL;
	}
	return TAKE(p);
}

/* What a Quoting Enclave does that has no certificates: it names the platform and its TCB. */
static bool put_name(
	struct platform *platform, enum sgx_cert_type type, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf ppid = { 0 };
	struct sgx_pck_name name = { .type = type, .pce_svn = platform->machine.pce_svn };
	if (!platform_put_ppid(platform->folder, type, platform->machine.ppid, &ppid, err))
		return false;
	name.ppid = buf_bytes(&ppid);
	memcpy(name.cpu_svn, machine_cpu_svn, sizeof(name.cpu_svn));
	memcpy(name.pce_id, platform->machine.pce_id, sizeof(name.pce_id));
	sgx_pck_name_put(out, &name);
	return true;
}

static bool put_certification(
	struct platform *platform, uint16_t type, struct buf *out, struct error *err)
{
	const struct buf *chain = &platform->cert_data;
	if (sgx_cert_type_is_name(type))
		return put_name(platform, (enum sgx_cert_type)type, out, err);
	buf_put(out, chain->data,
		type == SGX_CERT_TYPE_PCK_LEAF ? platform->leaf_size : chain->size);
	return true;
}

bool platform_put_quote_of(
	struct platform *platform, const struct sgx_quote *body, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf signed_part = { 0 };
	AUTO(buf_free) struct buf cert_data = { 0 };
	uint8_t signature[P256_RAW_SIZE];
	const struct quoting_enclave *qe = body->is_tdx ? &platform->td_qe : &platform->qe;
	if (!qe->attestation_key)
		return error_set(err, ERROR_NOT_FOUND,
			"this platform was made before there was TDX: make a new one");
	if (!put_certification(platform, body->cert_type, &cert_data, err))
		return false;
	struct sgx_quote quote = *body;
	if (quote.version == SGX_QUOTE_VERSION_3) {
		quote.header.qe_svn = qe->svn;
		quote.header.pce_svn = platform->machine.pce_svn;
	}
	memcpy(quote.header.user_data, platform->qe_id, sizeof(platform->qe_id));
	sgx_quote_put_signed_part(&signed_part, &quote);
	if (!p256_sign_raw(qe->attestation_key, buf_bytes(&signed_part), signature, err))
		return error_prefix(err, "cannot make a quote");
	quote.signature = signature;
	quote.attestation_key = qe->attestation_point;
	quote.qe_report_part = (struct bytes){ qe->report, SGX_REPORT_BODY_SIZE };
	quote.qe_report_signature = qe->report + SGX_REPORT_BODY_SIZE;
	quote.qe_auth_data = (struct bytes){ machine_qe_auth_data, MACHINE_QE_AUTH_DATA_SIZE };
	quote.cert_data = buf_bytes(&cert_data);
	buf_put(out, signed_part.data, signed_part.size);
	sgx_quote_put_signature_data(out, &quote);
	return true;
}

bool platform_put_quote(struct platform *platform, const struct sgx_report_body *body,
	struct buf *out, struct error *err)
{
	const struct sgx_quote quote = { .version = SGX_QUOTE_VERSION_3,
		.report = *body,
		.cert_type = SGX_CERT_TYPE_PCK_CHAIN };
	return platform_put_quote_of(platform, &quote, out, err);
}

void platform_make_report(const struct platform *platform, const struct sgx_target_info *target,
	struct sgx_report *report)
{
	AUTO(buf_free) struct buf context = { 0 };
	AUTO(buf_free) struct buf body = { 0 };
	uint8_t key[16];
	memcpy(report->key_id, platform->report_key_id, sizeof(report->key_id));
	sgx_target_info_put(&context, target);
	buf_put(&context, machine_cpu_svn, sizeof(machine_cpu_svn));
	buf_put(&context, report->key_id, sizeof(report->key_id));
	machine_derive(platform->secret, "report key", buf_bytes(&context), key, sizeof(key));
	sgx_report_body_put(&body, &report->body);
	aes128_cmac(key, body.data, body.size, report->mac);
	memory_wipe(key, sizeof(key));
}

void platform_seal_key(const struct platform *platform, enum platform_seal_policy policy,
	const struct sgx_report_body *self, uint8_t key[16])
{
	AUTO(buf_free) struct buf context = { 0 };
	buf_put(&context, machine_cpu_svn, sizeof(machine_cpu_svn));
	buf_put_u16(&context, self->isv_svn);
	buf_put_u16(&context, self->config_svn);
	buf_put_u64(&context, self->attributes.flags);
	buf_put_u64(&context, self->attributes.xfrm & SEAL_XFRM_MASK);
	buf_put_u32(&context, self->misc_select);
	const char *label = "seal key MRENCLAVE";
	if (policy == PLATFORM_SEAL_MRSIGNER) {
		label = "seal key MRSIGNER";
		buf_put(&context, self->mr_signer, sizeof(self->mr_signer));
		buf_put_u16(&context, self->isv_prod_id);
	} else {
		buf_put(&context, self->mr_enclave, sizeof(self->mr_enclave));
	}
	machine_derive(platform->secret, label, buf_bytes(&context), key, 16);
}

void platform_cpu_svn(const struct platform *platform, uint8_t svn[16])
{
	(void)platform;
	memcpy(svn, machine_cpu_svn, sizeof(machine_cpu_svn));
}

void platform_qe_id(const struct platform *platform, uint8_t id[SGX_QE_ID_SIZE])
{
	memcpy(id, platform->qe_id, SGX_QE_ID_SIZE);
}

void platform_tee_tcb_svn(const struct platform *platform, uint8_t svn[TD_SVN_SIZE])
{
	(void)platform;
	memcpy(svn, machine_tee_tcb_svn, sizeof(machine_tee_tcb_svn));
}
