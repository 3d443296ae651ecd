/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/manufacture.h"

#include "base/clock.h"
#include "base/memory.h"
#include "crypto/p256.h"
#include "platform/extension.h"
#include "platform/folder.h"
#include "platform/machine.h"
#include "platform/pki.h"

#include <string.h>
#include <time.h>

#define END_OF_2049 INT64_C(2524607999) /* of the root certificate */
#define CA_YEARS    15
#define LEAF_YEARS  7

/* TCB and Quoting Enclave of a Xeon of the third generation in 2024 (spec dcap.md clause 5) */
static const uint8_t tcb_components[16] = { 14, 14, 3, 3, 255, 255, 1 };
#define PCE_SVN 13

static const uint8_t qe_signer[SGX_HASH_SIZE] = { 0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e,
	0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14,
	0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff };
static const uint8_t td_qe_signer[SGX_HASH_SIZE] = { 0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17,
	0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03, 0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd,
	0xdf, 0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5 };
#define QE_SVN 8

/* The two Quoting Enclaves, one for enclaves and one for confidential VMs. */
static const struct quoting_enclave {
	const char *report_file;
	const char *name;
	const uint8_t *signer;
	uint16_t prod_id;
} quoting_enclaves[] = {
	{ PLATFORM_QE_REPORT, "simulated Quoting Enclave 8", qe_signer, 1 },
	{ PLATFORM_TD_QE_REPORT, "simulated TD Quoting Enclave 8", td_qe_signer, 2 },
};

struct keys {
	EVP_PKEY *root;
	EVP_PKEY *ca;
	EVP_PKEY *tcb_signing;
	EVP_PKEY *pck;
	EVP_PKEY *attestation[2]; /* of the two Quoting Enclaves */
};

static void keys_free(struct keys *keys)
{
	auto_pkey(&keys->root);
	auto_pkey(&keys->ca);
	auto_pkey(&keys->tcb_signing);
	auto_pkey(&keys->pck);
	auto_pkey(&keys->attestation[0]);
	auto_pkey(&keys->attestation[1]);
}

static bool keys_make(struct keys *keys, struct error *err)
{
	return (keys->root = key_generate_ec(256, err)) != NULL &&
	       (keys->ca = key_generate_ec(256, err)) != NULL &&
	       (keys->tcb_signing = key_generate_ec(256, err)) != NULL &&
	       (keys->pck = key_generate_ec(256, err)) != NULL &&
	       (keys->attestation[0] = key_generate_ec(256, err)) != NULL &&
	       (keys->attestation[1] = key_generate_ec(256, err)) != NULL;
}

/* The PCK key is not kept: all it ever signs are the two reports of Quoting Enclaves. */
static bool keys_save(const struct keys *keys, const char *folder, struct error *err)
{
	return platform_save_key(folder, PLATFORM_ROOT_CA_KEY, keys->root, err) &&
	       platform_save_key(folder, PLATFORM_CA_KEY, keys->ca, err) &&
	       platform_save_key(folder, PLATFORM_TCB_SIGNING_KEY, keys->tcb_signing, err) &&
	       platform_save_key(folder, PLATFORM_ATTESTATION_KEY, keys->attestation[0], err) &&
	       platform_save_key(folder, PLATFORM_TD_ATTESTATION_KEY, keys->attestation[1], err);
}

static bool issue(
	const char *folder, const char *file, const struct pki_request *request, struct error *err)
{
	AUTO(auto_x509) X509 *cert = pki_issue(request, err);
	return cert && platform_save_cert(folder, file, cert, err);
}

static int64_t years_after(int64_t seconds, int years)
{
	time_t when = (time_t)seconds;
	struct tm parts;
	gmtime_r(&when, &parts);
	parts.tm_year += years;
	return (int64_t)timegm(&parts);
}

static bool issue_certs(const char *folder, const struct keys *keys, int64_t start,
	struct bytes sgx_extension, struct error *err)
{
	const struct pki_request requests[] = {
		{ PKI_ROOT_NAME, keys->root, PKI_ROOT_NAME, keys->root, start, END_OF_2049, 1,
			PKI_ROOT_CRL_URL, { NULL, 0 } },
		{ PKI_PLATFORM_CA_NAME, keys->ca, PKI_ROOT_NAME, keys->root, start,
			years_after(start, CA_YEARS), 0, PKI_ROOT_CRL_URL, { NULL, 0 } },
		{ PKI_TCB_SIGNING_NAME, keys->tcb_signing, PKI_ROOT_NAME, keys->root, start,
			years_after(start, LEAF_YEARS), PKI_NO_CA, PKI_ROOT_CRL_URL, { NULL, 0 } },
		{ PKI_PCK_NAME, keys->pck, PKI_PLATFORM_CA_NAME, keys->ca, start,
			years_after(start, LEAF_YEARS), PKI_NO_CA, PKI_PCK_CRL_URL, sgx_extension },
	};
	return issue(folder, PLATFORM_ROOT_CA, &requests[0], err) &&
	       issue(folder, PLATFORM_CA, &requests[1], err) &&
	       issue(folder, PLATFORM_TCB_SIGNING, &requests[2], err) &&
	       issue(folder, PLATFORM_PCK, &requests[3], err);
}

/* The report by which a Quoting Enclave had its attestation key certified. */
static bool write_qe_report(
	const char *folder, const struct keys *keys, size_t which, struct error *err)
{
	const struct quoting_enclave *enclave = &quoting_enclaves[which];
	struct sgx_report_body qe = {
		.attributes = { .flags = SGX_FLAG_INITTED | SGX_FLAG_MODE64BIT |
					 SGX_FLAG_PROVISION_KEY,
			.xfrm = 0xe7 },
		.isv_prod_id = enclave->prod_id,
		.isv_svn = QE_SVN,
	};
	memcpy(qe.cpu_svn, machine_cpu_svn, sizeof(qe.cpu_svn));
	memcpy(qe.mr_signer, enclave->signer, sizeof(qe.mr_signer));
	sha256(enclave->name, strlen(enclave->name), qe.mr_enclave);
	uint8_t point[P256_RAW_SIZE];
	uint8_t signature[P256_RAW_SIZE];
	if (!p256_put_point(keys->attestation[which], point, err))
		return false;
	machine_bind_key(point, qe.report_data);
	AUTO(buf_free) struct buf content = { 0 };
	sgx_report_body_put(&content, &qe);
	if (!p256_sign_raw(keys->pck, buf_bytes(&content), signature, err))
		return false;
	buf_put(&content, signature, sizeof(signature));
	return platform_save(folder, enclave->report_file, buf_bytes(&content), false, err);
}

bool manufacture(const char *folder, const struct platform_options *options, struct error *err)
{
	uint8_t secret[PLATFORM_SECRET_SIZE];
	random_bytes(secret, sizeof(secret));
	struct pck_extension machine = { .pce_svn = PCE_SVN };
	uint8_t instance_id[16];
	struct bytes nothing = { NULL, 0 };
	memcpy(machine.components, tcb_components, sizeof(machine.components));
	memcpy(machine.fmspc, options->fmspc, sizeof(machine.fmspc));
	machine_derive(secret, "PPID", nothing, machine.ppid, sizeof(machine.ppid));
	machine_derive(secret, "instance ID", nothing, instance_id, sizeof(instance_id));
	AUTO(buf_free) struct buf extension = { 0 };
	platform_put_extension(&extension, &machine, instance_id);
	bool saved = platform_save(
		folder, PLATFORM_SECRET, (struct bytes){ secret, sizeof(secret) }, true, err);
	memory_wipe(secret, sizeof(secret));
	/* collateral may be dated back or forth; the machine is then as old, or is there already */
	int64_t now = clock_now();
	int64_t start = options->issued_at < now ? options->issued_at : now;
	AUTO(keys_free) struct keys keys = { 0 };
	return saved && keys_make(&keys, err) && keys_save(&keys, folder, err) &&
	       issue_certs(folder, &keys, start, buf_bytes(&extension), err) &&
	       write_qe_report(folder, &keys, 0, err) && write_qe_report(folder, &keys, 1, err);
}
