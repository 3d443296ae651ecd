/* SPDX-License-Identifier: Apache-2.0 */
#include "sgx/pck_name.h"

#include "base/reader.h"

#include <string.h>

bool sgx_cert_type_is_name(uint16_t type)
{
	return type >= SGX_CERT_TYPE_PPID && type <= SGX_CERT_TYPE_PPID_RSA_3072;
}

static size_t ppid_size(enum sgx_cert_type type)
{
	static const size_t sizes[] = {
		[SGX_CERT_TYPE_PPID] = SGX_PPID_SIZE,
		[SGX_CERT_TYPE_PPID_RSA_2048] = SGX_PPID_RSA_2048_SIZE,
		[SGX_CERT_TYPE_PPID_RSA_3072] = SGX_PPID_RSA_3072_SIZE,
	};
	return sizes[type];
}

bool sgx_pck_name_parse(
	uint16_t type, struct bytes data, struct sgx_pck_name *name, struct error *err)
{
	struct reader r = reader_of(data.data, data.size);
	*name = (struct sgx_pck_name){ .type = (enum sgx_cert_type)type };
	name->ppid.size = ppid_size(name->type);
	name->ppid.data = reader_bytes(&r, name->ppid.size);
	reader_copy(&r, name->cpu_svn, sizeof(name->cpu_svn));
	name->pce_svn = reader_u16(&r);
	if (type != SGX_CERT_TYPE_PPID || r.left)
		reader_copy(&r, name->pce_id, sizeof(name->pce_id));
	return reader_finished(&r) ||
	       error_set(err, ERROR_INVALID,
		       "certification data of type %u have a wrong length: %zu bytes", type,
		       data.size);
}

void sgx_pck_name_put(struct buf *out, const struct sgx_pck_name *name)
{
	buf_put(out, name->ppid.data, name->ppid.size);
	buf_put(out, name->cpu_svn, sizeof(name->cpu_svn));
	buf_put_u16(out, name->pce_svn);
	buf_put(out, name->pce_id, sizeof(name->pce_id));
}
