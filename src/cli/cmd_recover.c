/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of those who have a recovery key (spec cli.md clause 7). */
#include "base/file.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/recovery_key.h"
#include "cli/session.h"
#include "client/json.h"
#include "crypto/rsa.h"

#include <stdio.h>

#define FILE_MAX_SIZE 8192

static bool is_given(const char *text)
{
	return text && *text;
}

static bool report(const struct options *options, uint64_t remaining,
	const struct marblerun_bytes *message, struct error *err)
{
	if (!output_is_json(options)) {
		puts((const char *)message->data);
		return true;
	}
	AUTO(auto_json)
	json_t *result = json_pack("{sI ss}", "remaining", (json_int_t)remaining, "message",
		(const char *)message->data);
	return output_json(result, err);
}

static bool upload(const struct options *options, const char *host, const struct buf *secret,
	const struct buf *signature, struct error *err)
{
	uint64_t remaining;
	AUTO(marblerun_bytes_free) struct marblerun_bytes message = { 0 };
	AUTO(auto_marblerun) struct marblerun *m = session_attest(options, host, err);
	if (!m)
		return false;
	if (!marblerun_recover(m, secret->data, secret->size, signature->data, signature->size,
		    &remaining, &message))
		return session_failed(m, err);
	return report(options, remaining, &message, err);
}

bool cmd_recover(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf secret = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	AUTO(recovery_key_free) struct recovery_key key = { 0 };
	return recovery_key_read(options, &key, err) &&
	       recovery_secret_read(invocation->arguments[0], &key, &secret, err) &&
	       recovery_secret_sign(&key, &secret, &signature, err) &&
	       upload(options, invocation->arguments[1], &secret, &signature, err);
}

bool cmd_recover_with_signature(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf secret = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	if (!is_given(options->signature_file))
		return error_set(err, ERROR_INVALID,
			"the flag \"--signature\" is required: a file of "
			"recover-with-signature sign-secret");
	return file_read(invocation->arguments[0], FILE_MAX_SIZE, &secret, err) &&
	       file_read(options->signature_file, FILE_MAX_SIZE, &signature, err) &&
	       upload(options, invocation->arguments[1], &secret, &signature, err);
}

bool cmd_recovery_public_key(const struct invocation *invocation, struct error *err)
{
	const char *path = output_file(&invocation->options);
	AUTO(marblerun_bytes_free) struct marblerun_bytes pem = { 0 };
	AUTO(auto_marblerun)
	struct marblerun *m = session_attest(&invocation->options, invocation->arguments[0], err);
	if (!m)
		return false;
	if (!marblerun_get_recovery_key(m, &pem))
		return session_failed(m, err);
	if (is_given(path))
		return output_create(path, session_bytes(&pem), 0644, err);
	fputs((const char *)pem.data, stdout);
	return true;
}

static bool create_output(
	const struct options *options, const struct buf *content, struct error *err)
{
	return output_create(options->output, buf_bytes(content), 0600, err);
}

static bool require_output(const struct options *options, struct error *err)
{
	return is_given(options->output) ||
	       error_set(err, ERROR_INVALID, "the flag \"--output\" is required: a new file");
}

/* The secret, opened with the recovery key if one is given. */
static bool read_secret(const struct invocation *invocation, struct buf *secret, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(recovery_key_free) struct recovery_key key = { 0 };
	return (!recovery_key_is_given(options) || recovery_key_read(options, &key, err)) &&
	       recovery_secret_read(invocation->arguments[0], &key, secret, err);
}

bool cmd_recovery_encrypt_secret(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf pem = { 0 };
	AUTO(buf_free) struct buf secret = { 0 };
	AUTO(buf_free) struct buf sealed = { 0 };
	if (!is_given(options->coordinator_pub_key))
		return error_set(err, ERROR_INVALID,
			"the flag \"--coordinator-pub-key\" is required: a file of "
			"recover-with-signature public-key");
	if (!require_output(options, err) ||
		!file_read(options->coordinator_pub_key, FILE_MAX_SIZE, &pem, err) ||
		!read_secret(invocation, &secret, err))
		return false;
	AUTO(auto_pkey) EVP_PKEY *key = rsa_read_public_pem(buf_bytes(&pem), err);
	if (!key)
		return error_prefix(err, "\"%s\"", options->coordinator_pub_key);
	return rsa_encrypt(key, buf_bytes(&secret), &sealed, err) &&
	       create_output(options, &sealed, err);
}

bool cmd_recovery_sign_secret(const struct invocation *invocation, struct error *err)
{
	const struct options *options = &invocation->options;
	AUTO(buf_free) struct buf secret = { 0 };
	AUTO(buf_free) struct buf signature = { 0 };
	AUTO(recovery_key_free) struct recovery_key key = { 0 };
	return require_output(options, err) && recovery_key_read(options, &key, err) &&
	       recovery_secret_read(invocation->arguments[0], &key, &secret, err) &&
	       recovery_secret_sign(&key, &secret, &signature, err) &&
	       create_output(options, &signature, err);
}
