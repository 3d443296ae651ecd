/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "base/log.h"
#include "manifest/secret_upload.h"

static void free_value(void *secret)
{
	secret_free(secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secret key = { .type = SECRET_SYMMETRIC_KEY, .size = 24, .user_defined = true };
	struct secret text = { .type = SECRET_PLAIN, .user_defined = true };
	struct secret certificate = { .type = SECRET_CERT_RSA, .user_defined = true };
	struct strmap definitions = { 0 };
	struct strmap values = { 0 };
	log_configure(LOG_OFF, LOG_CONSOLE);
	strmap_add(&definitions, "key", &key);
	strmap_add(&definitions, "text", &text);
	strmap_add(&definitions, "cert", &certificate);
	strmap_sort(&definitions, NULL);
	(void)secret_upload_parse((struct bytes){ data, size }, &definitions, &values, FUZZ_ERR);
	strmap_free(&values, free_value);
	strmap_free(&definitions, NULL);
	return 0;
}
