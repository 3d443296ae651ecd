/* SPDX-License-Identifier: Apache-2.0 */
#include "graphene/sim_enclave.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/memory.h"
#include "graphene/enclave.h"
#include "sgx/sigstruct.h"

#include <string.h>
#include <unistd.h>

#define MANIFEST_MAX (64U << 20)
#define LIBPAL_MAX   (64U << 20)

static bool explain_missing(const char *app, struct error *err)
{
	AUTO(auto_free) char *plain = xasprintf("%s.manifest", app);
	if (!access(plain, F_OK))
		return error_set(err, ERROR_NOT_FOUND,
			"Invalid application path specified (%s.manifest.sgx does not exist).\n"
			"There is %s.manifest, which is not signed yet. Sign it:\n"
			"graphene-sign --manifest %s.manifest --output %s.manifest.sgx --key KEY.pem",
			app, app, app, app);
	return error_set(err, ERROR_NOT_FOUND,
		"Invalid application path specified (%s.manifest.sgx does not exist).\n"
		"The path should point to application configuration files, so that they can be\n"
		"found after appending corresponding extensions.",
		app);
}

static bool read_files(struct sim_enclave *enclave, const char *app, struct error *err)
{
	AUTO(auto_free) char *manifest = xasprintf("%s.manifest.sgx", app);
	AUTO(auto_free) char *sig = xasprintf("%s.sig", app);
	if (access(manifest, F_OK))
		return explain_missing(app, err);
	if (!file_read(manifest, MANIFEST_MAX, &enclave->text, err))
		return false;
	if (file_read(sig, SIGSTRUCT_SIZE, &enclave->sig, err))
		return true;
	error_prefix(err, "the signature of %s", manifest);
	/* only a missing manifest means a wrong APP */
	if (err)
		err->kind = ERROR_INVALID;
	return false;
}

static bool refuse_unsupported(const struct graphene_manifest *manifest, struct error *err)
{
	if (manifest->attestation == GRAPHENE_ATTESTATION_EPID)
		return error_set(err, ERROR_UNSUPPORTED,
			"the manifest asks for EPID attestation, which is no more: for DCAP leave "
			"sgx.ra_client_spid empty or set sgx.remote_attestation = \"dcap\"");
	return true;
}

bool sim_enclave_load(struct sim_enclave *enclave, const char *app, struct error *err)
{
	if (!read_files(enclave, app, err))
		return false;
	enclave->manifest = graphene_manifest_parse(buf_bytes(&enclave->text), err);
	if (!enclave->manifest)
		return error_prefix(err, "%s.manifest.sgx", app);
	return refuse_unsupported(enclave->manifest, err);
}

void sim_enclave_free(struct sim_enclave *enclave)
{
	graphene_manifest_free(enclave->manifest);
	buf_free(&enclave->text);
	buf_free(&enclave->sig);
	*enclave = (struct sim_enclave){ 0 };
}

static bool check_measurement(const struct sim_enclave *enclave, const char *libpal,
	const struct sigstruct *sig, struct error *err)
{
	AUTO(buf_free) struct buf pal = { 0 };
	if (!file_read(libpal, LIBPAL_MAX, &pal, err))
		return false;
	struct enclave_layout layout = graphene_enclave_layout(
		enclave->manifest, buf_bytes(&enclave->text), buf_bytes(&pal));
	uint8_t measured[SGX_HASH_SIZE];
	if (!enclave_measure(&layout, measured, NULL, NULL, err))
		return false;
	if (!memcmp(measured, sig->mr_enclave, sizeof(measured)))
		return true;
	char measured_hex[2 * SGX_HASH_SIZE + 1];
	char signed_hex[2 * SGX_HASH_SIZE + 1];
	hex_format(measured_hex, measured, SGX_HASH_SIZE);
	hex_format(signed_hex, sig->mr_enclave, SGX_HASH_SIZE);
	return error_set(err, ERROR_DENIED,
		"invalid measurement: manifest and libpal give MRENCLAVE %s, the signature is for %s; "
		"sign the manifest again",
		measured_hex, signed_hex);
}

/* What the enclave is created with must have the values that the signer insists on. */
static bool check_attributes(
	const struct sim_enclave *enclave, const struct sigstruct *sig, struct error *err)
{
	struct sigstruct wanted = { 0 };
	graphene_enclave_attributes(enclave->manifest, &wanted);
	const struct sgx_attributes *mask = &sig->attribute_mask;
	if (((wanted.attributes.flags ^ sig->attributes.flags) & mask->flags) ||
		((wanted.attributes.xfrm ^ sig->attributes.xfrm) & mask->xfrm) ||
		((wanted.misc_select ^ sig->misc_select) & sig->misc_mask))
		return error_set(err, ERROR_DENIED,
			"invalid attribute: the manifest asks for attributes that the signature "
			"excludes; sign the manifest again");
	return true;
}

static void fill_identity(struct sgx_report_body *self, const struct sigstruct *sig)
{
	*self = (struct sgx_report_body){
		.misc_select = sig->misc_select,
		.attributes = sig->attributes,
		.isv_prod_id = sig->isv_prod_id,
		.isv_svn = sig->isv_svn,
	};
	self->attributes.flags |= SGX_FLAG_INITTED;
	memcpy(self->mr_enclave, sig->mr_enclave, sizeof(self->mr_enclave));
	memcpy(self->mr_signer, sig->mr_signer, sizeof(self->mr_signer));
}

bool sim_enclave_verify(const struct sim_enclave *enclave, const char *libpal,
	struct sgx_report_body *self, struct error *err)
{
	struct sigstruct sig;
	if (!sigstruct_parse(buf_bytes(&enclave->sig), &sig, err) ||
		!check_measurement(enclave, libpal, &sig, err) ||
		!sigstruct_verify(buf_bytes(&enclave->sig), err) ||
		!check_attributes(enclave, &sig, err))
		return error_prefix(err, "load_enclave() failed: EINIT");
	fill_identity(self, &sig);
	return true;
}

unsigned sim_enclave_app_threads(const struct sim_enclave *enclave)
{
	unsigned all = enclave->manifest->thread_num;
	return all > SIM_RUNTIME_THREADS ? all - SIM_RUNTIME_THREADS : 1;
}
