/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/exchange.h"

#include "coordinator/recovery_secrets.h"
#include "coordinator/update_log.h"

void api_manifest_get(const struct exchange *exchange)
{
	const struct deployment *deployment = exchange->deployment;
	bool is_v2 = exchange->is_v2;
	if (!deployment->manifest && is_v2) {
		jsend_error(exchange->response, 500, "requested value not set");
		return;
	}
	char fingerprint[FINGERPRINT_SIZE] = "";
	if (deployment->manifest)
		fingerprint_of(buf_bytes(&deployment->manifest_text), fingerprint);
	AUTO(buf_free) struct buf data = { 0 };
	buf_put_u8(&data, '{');
	json_put_bytes(&data, is_v2 ? "manifestSignatureRootECDSA" : "ManifestSignatureRootECDSA",
		buf_bytes(&deployment->manifest_signature));
	json_put_text(&data, is_v2 ? "manifestFingerprint" : "ManifestSignature", fingerprint);
	json_put_bytes(
		&data, is_v2 ? "manifest" : "Manifest", buf_bytes(&deployment->manifest_text));
	exchange_succeed(exchange, &data);
}

static void answer_set(const struct exchange *exchange, const struct strmap *recovery_secrets)
{
	AUTO(buf_free) struct buf data = { 0 };
	if (!exchange->is_v2 && !recovery_secrets->count) {
		jsend_success(exchange->response, "null");
		return;
	}
	buf_put_u8(&data, '{');
	json_put_byte_map(&data, "RecoverySecrets", recovery_secrets);
	exchange_succeed(exchange, &data);
}

void api_manifest_post(const struct exchange *exchange)
{
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(recovery_secrets_free) struct strmap recovery_secrets = { 0 };
	struct error err = { 0 };
	if (!exchange_read_bytes(exchange, "manifest", &manifest))
		return;
	if (core_set_manifest(exchange->core, buf_bytes(&manifest), &recovery_secrets, &err))
		answer_set(exchange, &recovery_secrets);
	else
		exchange_refuse(exchange, 400, &err);
}
