/* SPDX-License-Identifier: Apache-2.0 */
/* Handles and their settings. */
#include "base/cleanup.h"
#include "base/memory.h"
#include "client/handle.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)MARBLERUN_UNSUPPORTED == (int)ERROR_UNSUPPORTED &&
		       (int)MARBLERUN_NOT_FOUND == (int)ERROR_NOT_FOUND,
	"the kinds of errors are those of base/error.h");

struct marblerun *marblerun_new(const char *address)
{
	static const char *const accepted[] = { "UpToDate", "SWHardeningNeeded" };
	struct marblerun *m = xcalloc(1, sizeof(*m));
	m->address = xstrdup(address);
	marblerun_accept_tcb_statuses(m, accepted, sizeof(accepted) / sizeof(accepted[0]));
	return m;
}

enum marblerun_error_kind marblerun_error_kind(const struct marblerun *m)
{
	return (enum marblerun_error_kind)m->error.kind;
}

const char *marblerun_error(const struct marblerun *m)
{
	return m->error.message;
}

void marblerun_bytes_free(struct marblerun_bytes *bytes)
{
	if (bytes->data)
		memory_wipe(bytes->data, bytes->size);
	free(bytes->data);
	*bytes = (struct marblerun_bytes){ 0 };
}

struct marblerun_bytes handle_give(struct buf *content)
{
	/* the NUL is there once anything was written */
	buf_put_text(content, "");
	struct buf taken = buf_take(content);
	return (struct marblerun_bytes){ taken.data, taken.size };
}

struct marblerun_bytes handle_give_json(const json_t *document)
{
	AUTO(buf_free) struct buf text = { 0 };
	if (document)
		(void)json_put(document, JSON_COMPACT | JSON_SORT_KEYS, &text);
	return handle_give(&text);
}

bool marblerun_set_era(struct marblerun *m, const void *json, size_t size)
{
	struct settings *settings = &m->settings;
	era_free(&settings->era);
	settings->has_era = era_parse((struct bytes){ json, size }, &settings->era, &m->error);
	if (settings->has_era && settings->era.has_unknown)
		notices_tell(&settings->notices, MARBLERUN_NOTICE_WARNING,
			"Warning: era config: unknown member \"%s\" is ignored",
			settings->era.unknown);
	return settings->has_era;
}

static void set_text(char **place, const char *text)
{
	char *copy = text ? xstrdup(text) : NULL;
	free(*place);
	*place = copy;
}

void marblerun_set_collateral(struct marblerun *m, const char *collateral)
{
	set_text(&m->settings.collateral, collateral);
}

void marblerun_set_collateral_service(
	struct marblerun *m, const char *ca_file, const char *secure_cert, const char *cache_folder)
{
	set_text(&m->settings.collateral_ca, ca_file);
	set_text(&m->settings.collateral_secure_cert, secure_cert);
	set_text(&m->settings.collateral_cache, cache_folder);
}

void marblerun_set_trust_root(struct marblerun *m, const char *file)
{
	set_text(&m->settings.trust_root, file);
}

void marblerun_accept_tcb_statuses(struct marblerun *m, const char *const *names, size_t count)
{
	name_list_set(&m->settings.tcb_statuses, names, count);
}

void marblerun_accept_advisories(struct marblerun *m, const char *const *ids, size_t count)
{
	name_list_set(&m->settings.advisories, ids, count);
}

void marblerun_set_nonce(struct marblerun *m, const void *nonce, size_t size)
{
	buf_clear(&m->settings.nonce);
	buf_put(&m->settings.nonce, nonce, size);
}

void marblerun_on_notice(struct marblerun *m,
	void (*notice)(void *context, enum marblerun_notice kind, const char *text), void *context)
{
	m->settings.notices = (struct notices){ notice, context };
}

static bool show_credentials(struct marblerun *m, struct https *https)
{
	if (m->token)
		return https_use_key(
			https, pkcs11_certificate(m->token), pkcs11_key(m->token), &m->error);
	return !m->key.size || https_use_credentials(https, buf_bytes(&m->certificate),
				       buf_bytes(&m->key), &m->error);
}

static struct https *connect_to(struct marblerun *m)
{
	AUTO(auto_https)
	struct https *https = m->trust == TRUST_ROOT
				      ? https_new_pinned(m->address, m->certs.root, &m->error)
				      : https_new_unverified(m->address, &m->error);
	return https && show_credentials(m, https) ? TAKE(https) : NULL;
}

struct https *handle_https(struct marblerun *m)
{
	if (m->trust == TRUST_NOBODY)
		error_set(&m->error, ERROR_STATE,
			"nobody is trusted yet: verify the Coordinator first");
	else if (!m->https)
		m->https = connect_to(m);
	return m->https;
}

void handle_disconnect(struct marblerun *m)
{
	https_free(TAKE(m->https));
}

/* After the connection, which uses them. */
static void forget_user(struct marblerun *m)
{
	handle_disconnect(m);
	pkcs11_free(TAKE(m->token));
	buf_clear(&m->certificate);
	buf_clear(&m->key);
}

bool marblerun_set_credentials(struct marblerun *m, const void *certificate,
	size_t certificate_size, const void *key, size_t key_size)
{
	if (!certificate_size || !key_size)
		return error_set(&m->error, ERROR_INVALID,
			"a user has a certificate and a key, and one of them is empty");
	forget_user(m);
	buf_put(&m->certificate, certificate, certificate_size);
	buf_put(&m->key, key, key_size);
	return true;
}

bool marblerun_set_pkcs11_credentials(struct marblerun *m, const struct marblerun_pkcs11 *place)
{
	struct pkcs11 *token = pkcs11_open(place, &m->error);
	if (!token)
		return error_prefix(&m->error, "PKCS#11");
	forget_user(m);
	m->token = token;
	return true;
}

void marblerun_free(struct marblerun *m)
{
	if (!m)
		return;
	forget_user(m);
	buf_free(&m->certificate);
	buf_free(&m->key);
	buf_free(&m->quote);
	ca_pair_free(&m->certs);
	settings_free(&m->settings);
	free(m->address);
	free(m);
}
