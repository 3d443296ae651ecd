/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/machine.h"

#include "crypto/digest.h"

#include <string.h>

const uint8_t machine_cpu_svn[16] = { 0x0c, 0x0c, 0x10, 0x0f, 0xff, 0xff, 0x01 };

const uint8_t machine_tee_tcb_svn[16] = { 5, 1, 14 };

const uint8_t machine_qe_auth_data[MACHINE_QE_AUTH_DATA_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

void machine_bind_key(const uint8_t point[P256_RAW_SIZE], uint8_t digest[SHA256_SIZE])
{
	uint8_t bound[P256_RAW_SIZE + MACHINE_QE_AUTH_DATA_SIZE];
	memcpy(bound, point, P256_RAW_SIZE);
	memcpy(bound + P256_RAW_SIZE, machine_qe_auth_data, MACHINE_QE_AUTH_DATA_SIZE);
	sha256(bound, sizeof(bound), digest);
}

void machine_derive(const uint8_t secret[PLATFORM_SECRET_SIZE], const char *label,
	struct bytes context, uint8_t *out, size_t size)
{
	AUTO(buf_free) struct buf info = { 0 };
	buf_printf(&info, "graphene platform %s", label);
	buf_put_u8(&info, 0);
	buf_put(&info, context.data, context.size);
	struct bytes no_salt = { "", 0 };
	if (!hkdf_sha256((struct bytes){ secret, PLATFORM_SECRET_SIZE }, no_salt, buf_bytes(&info),
		    out, size, NULL))
		abort(); /* sizes are ours, so only memory can have ended */
}
