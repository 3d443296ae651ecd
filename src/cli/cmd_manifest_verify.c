/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/hex.h"
#include "cli/cert_cache.h"
#include "cli/client_api.h"
#include "cli/command.h"
#include "cli/manifest_file.h"
#include "cli/session.h"

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

bool cmd_manifest_verify(const struct invocation *invocation, struct error *err)
{
	char expected[MANIFEST_FINGERPRINT_SIZE];
	AUTO(session_free) struct session session = { 0 };
	AUTO(buf_free) struct buf manifest = { 0 };
	AUTO(buf_free) struct buf fingerprint = { 0 };
	if (!expected_fingerprint(invocation->arguments[0], expected, err) ||
		!session_attest(&invocation->options, invocation->arguments[1], &session, err) ||
		!client_api_get_manifest(session.https, &manifest, &fingerprint, err))
		return false;
	if (strcmp(buf_text(&fingerprint), expected) != 0)
		return error_set(err, ERROR_DENIED,
			"MarbleRun deployment is using a different manifest than expected: manifest hash does not match local hash: \"%s\" != \"%s\"",
			buf_text(&fingerprint), expected);
	puts("OK");
	return cert_cache_save(&invocation->options, &session.certs, err);
}
