/* SPDX-License-Identifier: Apache-2.0 */
#include "dcap/anchor.h"

#include "base/file.h"
#include "dcap/chain.h"

#include <string.h>

#define FILE_MAX 65536

/* The edition that is valid until the end of 2049 (spec dcap.md clause 2.2). */
static const char intel_root[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIw\n"
	"aDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENv\n"
	"cnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJ\n"
	"BgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoXDTQ5MTIzMTIzNTk1OVowaDEaMBgG\n"
	"A1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0\n"
	"aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNVBAYT\n"
	"AlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi7\n"
	"1OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOB\n"
	"uzCBuDAfBgNVHSMEGDAWgBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJ\n"
	"MEegRaBDhkFodHRwczovL2NlcnRpZmljYXRlcy50cnVzdGVkc2VydmljZXMuaW50\n"
	"ZWwuY29tL0ludGVsU0dYUm9vdENBLmRlcjAdBgNVHQ4EFgQUImUM1lqdNInzg7SV\n"
	"Ur9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwCgYI\n"
	"KoZIzj0EAwIDSQAwRgIhAOW/5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwg\n"
	"AiEA4J0lrHoMs+Xo5o/sX6O9QWxHRAvZUGOdRQ7cvqRXaqI=\n"
	"-----END CERTIFICATE-----\n";

static bool read_root(struct bytes pem, struct certificate *out, struct error *err)
{
	struct chain chain;
	if (!chain_read(pem, &chain, err))
		return false;
	if (chain.count != 1 || chain.certificates[0].role != CERTIFICATE_ROOT) {
		chain_free(&chain);
		return error_set(err, ERROR_INVALID, "it is not one certificate \"%s\"",
			certificate_role_name(CERTIFICATE_ROOT));
	}
	*out = chain.certificates[0];
	return certificate_read_key(out, err);
}

bool anchor_open(const char *file, struct anchor *out, struct error *err)
{
	*out = (struct anchor){ 0 };
	AUTO(certificate_free) struct certificate intel = { 0 };
	if (!read_root(bytes_of_text(intel_root), &intel, err))
		return false;
	if (!file) {
		out->root = intel;
		intel = (struct certificate){ 0 };
		return true;
	}
	AUTO(buf_free) struct buf pem = { 0 };
	if (!file_read(file, FILE_MAX, &pem, err))
		return error_prefix(err, "the root to trust");
	if (!read_root(buf_bytes(&pem), &out->root, err) ||
		!certificate_check_issuer(&out->root, &out->root, err)) {
		anchor_free(out);
		return error_prefix(err, "the root to trust in %s", file);
	}
	out->is_simulated = memcmp(out->root.point, intel.point, P256_RAW_SIZE) != 0;
	return true;
}

void anchor_free(struct anchor *anchor)
{
	certificate_free(&anchor->root);
}

bool anchor_check_root(
	const struct anchor *anchor, const struct certificate *root, struct error *err)
{
	/* the signature of a root says nothing: anybody can sign himself. The key decides. */
	if (!bytes_equal(root->issuer, root->subject))
		return error_set(err, ERROR_DENIED, "its root was not issued by itself");
	if (!memcmp(root->point, anchor->root.point, P256_RAW_SIZE))
		return true;
	if (anchor->is_simulated)
		return error_set(err, ERROR_DENIED,
			"its root is not the simulated one that is trusted here: give the root of "
			"its platform with --trust-root, or no such option for Intel's");
	return error_set(err, ERROR_DENIED,
		"its root is not Intel's: if it comes from a simulated platform, trust that "
		"platform's root with --trust-root FILE");
}
