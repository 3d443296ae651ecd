/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/hex.h"
#include "cli/cert_cache.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The argument is a manifest file or, if there is no such file, the signature itself. */
static bool expected_fingerprint(
	const char *argument, char out[MANIFEST_FINGERPRINT_SIZE], struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	if (!access(argument, F_OK)) {
		AUTO(buf_free) struct buf manifest = { 0 };
		if (!manifest_file_read(argument, &manifest, err))
			return false;
		manifest_fingerprint(buf_bytes(&manifest), out);
		return true;
	}
	if (strlen(argument) != 2 * SHA256_SIZE)
		return error_set(err, ERROR_INVALID,
			"%s is not a file and of invalid length to be a signature (needs to be 32 bytes)",
			argument);
	if (!hex_decode_exact(digest, sizeof(digest), argument))
		return error_set(err, ERROR_INVALID,
			"%s is not a file and not a valid signature (needs to be in hex format)",
			argument);
	hex_format(out, digest, sizeof(digest));
	return true;
}

static bool report(const struct options *options, const char *fingerprint, struct error *err)
{
	if (!output_is_json(options)) {
		puts("OK");
		return true;
	}
	AUTO(auto_json)
	json_t *result = json_pack("{sb ss}", "verified", true, "signature", fingerprint);
	return output_json(result, err);
}

bool cmd_manifest_verify(const struct invocation *invocation, struct error *err)
{
	char expected[MANIFEST_FINGERPRINT_SIZE];
	if (!expected_fingerprint(invocation->arguments[0], expected, err))
		return false;
	AUTO(auto_marblerun)
	struct marblerun *m = session_attest(&invocation->options, invocation->arguments[1], err);
	if (!m)
		return false;
	if (!marblerun_verify_manifest(m, expected))
		return session_failed(m, err);
	return report(&invocation->options, expected, err) &&
	       cert_cache_save(&invocation->options, m, err);
}
