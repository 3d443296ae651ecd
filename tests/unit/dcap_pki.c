/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap_pki.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "crypto/cert.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct certificate_fields ca_fields(const char *name, EVP_PKEY *key, const char *constraints)
{
	return (struct certificate_fields){ .common_name = name,
		.key = key,
		.key_usage = "critical,keyCertSign,cRLSign",
		.constraints = constraints,
		.distribution_point = "URI:https://pki.example/root.crl" };
}

struct certificate_fields pki_root_fields(const struct pki *pki)
{
	struct certificate_fields fields =
		ca_fields("Intel SGX Root CA", pki->root_key, "critical,CA:TRUE,pathlen:1");
	fields.issuer_key = pki->root_key;
	return fields;
}

struct certificate_fields pki_ca_fields(const struct pki *pki)
{
	struct certificate_fields fields =
		ca_fields("Intel SGX PCK Platform CA", pki->ca_key, "critical,CA:TRUE,pathlen:0");
	fields.issuer = pki->root;
	fields.issuer_key = pki->root_key;
	return fields;
}

static struct certificate_fields leaf_fields(const char *name, EVP_PKEY *key)
{
	struct certificate_fields fields = ca_fields(name, key, "critical,CA:FALSE");
	fields.key_usage = "critical,digitalSignature,nonRepudiation";
	return fields;
}

struct certificate_fields pki_signing_fields(const struct pki *pki)
{
	struct certificate_fields fields = leaf_fields("Intel SGX TCB Signing", pki->signing_key);
	fields.issuer = pki->root;
	fields.issuer_key = pki->root_key;
	return fields;
}

struct certificate_fields pki_pck_fields(const struct pki *pki, const struct buf *sgx_extension)
{
	struct certificate_fields fields = leaf_fields("Intel SGX PCK Certificate", pki->pck_key);
	fields.issuer = pki->ca;
	fields.issuer_key = pki->ca_key;
	fields.sgx_extension = sgx_extension;
	return fields;
}

void pki_issue_pck(struct pki *pki)
{
	AUTO(buf_free) struct buf extension = { 0 };
	issue_sgx_extension(&extension, &pki->platform);
	struct certificate_fields fields = pki_pck_fields(pki, &extension);
	X509_free(pki->pck);
	pki->pck = issue_certificate(&fields);
	pki_set_chain(pki, pki->pck, pki->ca, pki->root, (X509 *)NULL);
}

void pki_set_chain(struct pki *pki, X509 *first, ...)
{
	va_list certs;
	va_start(certs, first);
	buf_clear(&pki->chain);
	for (X509 *cert = first; cert; cert = va_arg(certs, X509 *))
		cert_put_pem(cert, &pki->chain);
	va_end(certs);
	buf_put_u8(&pki->chain, 0);
}

static void put_dates(struct buf *out)
{
	char start[CLOCK_TEXT_SIZE];
	char end[CLOCK_TEXT_SIZE];
	clock_format_utc(start, PKI_NOW - PKI_DAY);
	clock_format_utc(end, PKI_NOW + PKI_DAY);
	buf_printf(out, "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",", start, end);
}

static void put_level(struct buf *out, unsigned component, unsigned pce_svn, const char *status)
{
	buf_put_text(out, "{\"tcb\":{\"sgxtcbcomponents\":[");
	for (unsigned i = 0; i < TCB_COMPONENTS; i++)
		buf_printf(out, "{\"svn\":%u}%s", i ? 0 : component, i < 15 ? "," : "");
	buf_printf(out,
		"],\"pcesvn\":%u},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"",
		pce_svn, status);
}

static void put_tcb_info(struct buf *out)
{
	buf_put_text(out, "{\"id\":\"SGX\",\"version\":3,");
	put_dates(out);
	buf_put_text(out, "\"fmspc\":\"00FF00000001\",\"pceId\":\"0000\",\"tcbType\":0,"
			  "\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[");
	put_level(out, 14, 13, "UpToDate");
	buf_put_text(out, "},");
	put_level(out, 14, 12, "ConfigurationNeeded");
	buf_put_text(out, ",\"advisoryIDs\":[\"INTEL-SA-00002\"]},");
	put_level(out, 12, 5, "OutOfDate");
	buf_put_text(out, ",\"advisoryIDs\":[\"INTEL-SA-00001\",\"INTEL-SA-00002\"]},");
	put_level(out, 1, 5, "Revoked");
	buf_put_text(out, "}]}");
}

static void put_qe_identity(struct buf *out)
{
	buf_put_text(out, "{\"id\":\"QE\",\"version\":2,");
	put_dates(out);
	buf_put_text(out, "\"tcbEvaluationDataNumber\":18,\"miscselect\":\"00000000\","
			  "\"miscselectMask\":\"FFFFFFFF\","
			  "\"attributes\":\"11000000000000000000000000000000\","
			  "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\""
			  "5151515151515151515151515151515151515151515151515151515151515151\","
			  "\"isvprodid\":1,\"tcbLevels\":["
			  "{\"tcb\":{\"isvsvn\":8},\"tcbDate\":\"2024-03-13T00:00:00Z\","
			  "\"tcbStatus\":\"UpToDate\"},"
			  "{\"tcb\":{\"isvsvn\":6},\"tcbDate\":\"2021-11-10T00:00:00Z\","
			  "\"tcbStatus\":\"OutOfDate\","
			  "\"advisoryIDs\":[\"INTEL-SA-00002\",\"INTEL-SA-00003\"]},"
			  "{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2019-11-10T00:00:00Z\","
			  "\"tcbStatus\":\"Revoked\"}]}");
}

static EVP_PKEY *new_key(void)
{
	EVP_PKEY *key = key_generate_ec(256, NULL);
	MUST(key != NULL);
	return key;
}

void pki_make(struct pki *pki)
{
	*pki = (struct pki){ .folder = "/tmp/dcap-pki-XXXXXX",
		.root_key = new_key(),
		.ca_key = new_key(),
		.signing_key = new_key(),
		.pck_key = new_key(),
		.attestation_key = new_key(),
		.platform = { .components = { 14, 255 },
			.pce_svn = 13,
			.fmspc = { 0, 0xff, 0, 0, 0, 1 },
			.ppid = "the-platform-id",
			.is_multi_package = true },
		.quote_version = SGX_QUOTE_VERSION_3,
		.report = { .attributes = { SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT, 7 } },
		.qe_report = { .attributes = { SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT |
						       SGX_FLAG_PROVISION_KEY,
				       0xe7 },
			.isv_prod_id = 1,
			.isv_svn = 8 } };
	MUST(mkdtemp(pki->folder) != NULL);
	memset(pki->qe_report.mr_signer, 0x51, SGX_HASH_SIZE);
	memset(pki->report.cpu_svn, 0xff, sizeof(pki->report.cpu_svn));
	buf_put(&pki->auth_data, "0123456789abcdef0123456789abcdef", 32);
	put_tcb_info(&pki->tcb_info);
	put_qe_identity(&pki->qe_identity);
	struct certificate_fields fields = pki_root_fields(pki);
	pki->root = issue_certificate(&fields);
	fields = pki_ca_fields(pki);
	pki->ca = issue_certificate(&fields);
	fields = pki_signing_fields(pki);
	pki->signing = issue_certificate(&fields);
	pki_issue_pck(pki);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

void pki_free(struct pki *pki)
{
	MUST(nftw(pki->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	EVP_PKEY_free(pki->root_key);
	EVP_PKEY_free(pki->ca_key);
	EVP_PKEY_free(pki->signing_key);
	EVP_PKEY_free(pki->pck_key);
	EVP_PKEY_free(pki->attestation_key);
	X509_free(pki->root);
	X509_free(pki->ca);
	X509_free(pki->signing);
	X509_free(pki->pck);
	buf_free(&pki->tcb_info);
	buf_free(&pki->qe_identity);
	buf_free(&pki->chain);
	buf_free(&pki->auth_data);
}

void pki_write_file(const struct pki *pki, const char *name, struct bytes content)
{
	AUTO(auto_free) char *path = xasprintf("%s/%s", pki->folder, name);
	AUTO(auto_fclose) FILE *file = fopen(path, "w");
	MUST(file && fwrite(content.data, 1, content.size, file) == content.size);
}

void pki_make_old(const struct pki *pki)
{
	static const char *const names[] = { "tcb_info.json", "tcb_info_issuer_chain.pem",
		"qe_identity.json", "qe_identity_issuer_chain.pem", "pck.crl", "root_ca.crl" };
	const struct timespec times[2] = { { .tv_sec = PKI_NOW }, { .tv_sec = PKI_NOW } };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO(auto_free) char *path = xasprintf("%s/%s", pki->folder, names[i]);
		MUST(utimensat(AT_FDCWD, path, times, 0) == 0);
	}
	MUST(utimensat(AT_FDCWD, pki->folder, times, 0) == 0);
}

void pki_write(struct pki *pki)
{
	AUTO(buf_free) struct buf out = { 0 };
	cert_put_pem(pki->root, &out);
	pki_write_file(pki, "root.pem", buf_bytes(&out));
	buf_clear(&out);
	cert_put_pem(pki->signing, &out);
	cert_put_pem(pki->root, &out);
	pki_write_file(pki, "tcb_info_issuer_chain.pem", buf_bytes(&out));
	pki_write_file(pki, "qe_identity_issuer_chain.pem", buf_bytes(&out));
	buf_clear(&out);
	issue_document(&out, "tcbInfo", buf_bytes(&pki->tcb_info), pki->signing_key);
	pki_write_file(pki, "tcb_info.json", buf_bytes(&out));
	buf_clear(&out);
	issue_document(&out, "enclaveIdentity", buf_bytes(&pki->qe_identity), pki->signing_key);
	pki_write_file(pki, "qe_identity.json", buf_bytes(&out));
	buf_clear(&out);
	issue_crl(&out, &(struct crl_fields){ .issuer = pki->root, .key = pki->root_key });
	pki_write_file(pki, "root_ca.crl", buf_bytes(&out));
	buf_clear(&out);
	issue_crl(&out, &(struct crl_fields){ .issuer = pki->ca, .key = pki->ca_key });
	pki_write_file(pki, "pck.crl", buf_bytes(&out));
}

void pki_put_quote(const struct pki *pki, struct buf *out)
{
	uint8_t signature[P256_RAW_SIZE];
	uint8_t key[P256_RAW_SIZE];
	uint8_t qe_signature[P256_RAW_SIZE];
	AUTO(buf_free) struct buf bound = { 0 };
	AUTO(buf_free) struct buf qe_report = { 0 };
	struct sgx_report_body body = pki->qe_report;
	MUST(p256_put_point(pki->attestation_key, key, NULL));
	buf_put(&bound, key, sizeof(key));
	buf_put(&bound, pki->auth_data.data, pki->auth_data.size);
	sha256(bound.data, bound.size, body.report_data);
	sgx_report_body_put(&qe_report, &body);
	struct sgx_quote parts = { .version = pki->quote_version,
		.is_tdx = pki->is_tdx,
		.header = { .qe_svn = 8, .pce_svn = 13 },
		.report = pki->report,
		.td = pki->td,
		.signature = signature,
		.attestation_key = key,
		.qe_report_part = buf_bytes(&qe_report),
		.qe_report_signature = qe_signature,
		.qe_auth_data = buf_bytes(&pki->auth_data),
		.cert_type = SGX_CERT_TYPE_PCK_CHAIN,
		.cert_data = buf_bytes(&pki->chain) };
	size_t start = out->size;
	sgx_quote_put_signed_part(out, &parts);
	MUST(p256_sign_raw(pki->attestation_key,
		(struct bytes){ out->data + start, out->size - start }, signature, NULL));
	MUST(p256_sign_raw(pki->pck_key, buf_bytes(&qe_report), qe_signature, NULL));
	sgx_quote_put_signature_data(out, &parts);
}

struct dcap_verifier *pki_verifier(const struct pki *pki)
{
	AUTO(auto_free) char *root = xasprintf("%s/root.pem", pki->folder);
	struct dcap_verifier_config config = { .collateral_folder = pki->folder,
		.trust_root_file = root };
	struct error err = { 0 };
	struct dcap_verifier *verifier = dcap_verifier_new(&config, &err);
	issue_must(verifier != NULL, err.message);
	return verifier;
}

bool pki_verify(const struct pki *pki, struct dcap_result *result, struct error *err)
{
	AUTO(buf_free) struct buf quote = { 0 };
	pki_put_quote(pki, &quote);
	struct dcap_verifier *verifier = pki_verifier(pki);
	bool good = dcap_verify(verifier, buf_bytes(&quote), PKI_NOW, result, err);
	dcap_verifier_free(verifier);
	return good;
}
