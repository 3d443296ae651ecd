/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/cleanup.h"
#include "dcap/pck_lookup.h"

#include <stdlib.h>
#include <string.h>

/* The first byte is the type, 1 to 4; what was parsed must give the same bytes again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	uint16_t type = data[0];
	struct bytes rest = { data + 1, size - 1 };
	struct sgx_pck_name name;
	AUTO(certificate_free) struct certificate leaf = { 0 };
	AUTO(buf_free) struct buf out = { 0 };
	if (!sgx_cert_type_is_name(type)) {
		pck_lookup_read_leaf(rest, &leaf, FUZZ_ERR);
		return 0;
	}
	if (!sgx_pck_name_parse(type, rest, &name, FUZZ_ERR))
		return 0;
	sgx_pck_name_put(&out, &name);
	if (out.size < rest.size || memcmp(out.data, rest.data, rest.size) != 0)
		abort();
	return 0;
}
