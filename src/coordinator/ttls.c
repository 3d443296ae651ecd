/* SPDX-License-Identifier: Apache-2.0 */
#include "coordinator/ttls.h"

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "crypto/pem.h"

#include <string.h>

static void put_pem(struct buf *json, const char *name, const char *label, const struct buf *der)
{
	AUTO(buf_free) struct buf pem = { 0 };
	pem_encode(&pem, label, buf_bytes(der));
	buf_printf(json, "\"%s\":", name);
	json_text_put(json, buf_text(&pem), pem.size);
}

/* The certificate of an end: the Marble's own, or that of a secret where the manifest says so. */
static bool choose_certificate(const struct manifest_tls_entry *entry, bool incoming,
	const struct template_data *view, const struct secret **own, struct error *err)
{
	const char *name = entry->certificate;
	*own = view->marble_cert;
	if (!incoming || !name || !*name)
		return true;
	if (!view->find_secret(view->context, name, false, own, err))
		return false;
	return ((*own)->cert.size && (*own)->private_key.size) ||
	       error_set(err, ERROR_INVALID, "secret %s: tried to parse secret with empty value",
		       name);
}

/* Members in the order of their names, as Go's encoder has them. */
static bool put_entry(const struct manifest_tls_entry *entry, bool incoming,
	const struct template_data *view, struct buf *json, struct error *err)
{
	const struct secret *own;
	if (!choose_certificate(entry, incoming, view, &own, err))
		return false;
	buf_put_u8(json, '{');
	put_pem(json, "cacrt", "CERTIFICATE", &view->root_ca->cert);
	buf_put_u8(json, ',');
	put_pem(json, "clicrt", "CERTIFICATE", &own->cert);
	if (incoming)
		buf_printf(
			json, ",\"clientAuth\":%s", entry->disable_client_auth ? "false" : "true");
	buf_put_u8(json, ',');
	put_pem(json, "clikey", "PRIVATE KEY", &own->private_key);
	buf_put_u8(json, '}');
	return true;
}

static char *name_of(const struct manifest_tls_entry *entry, bool incoming)
{
	return xasprintf("%s:%s", incoming ? "*" : entry->address, entry->port);
}

/* Sorts the entries of all tags by their names; of those with one name the last one counts. */
static void collect(const struct manifest *manifest, const struct manifest_marble *marble,
	bool incoming, struct strmap *entries)
{
	for (size_t i = 0; i < marble->tls_tag_count; i++) {
		const struct manifest_tls_tag *tag =
			strmap_get(&manifest->tls, marble->tls_tags[i]);
		const struct manifest_tls_entries *list =
			incoming ? &tag->incoming : &tag->outgoing;
		for (size_t j = 0; j < list->count; j++) {
			struct manifest_tls_entry *entry = &list->items[j];
			AUTO(auto_free) char *name = name_of(entry, incoming);
			strmap_add(entries, name, entry);
		}
	}
	strmap_sort(entries, NULL);
}

static void free_names(struct strmap *entries)
{
	strmap_free(entries, NULL);
}

static bool put_entries(const struct manifest *manifest, const struct manifest_marble *marble,
	bool incoming, const struct template_data *view, struct buf *json, struct error *err)
{
	AUTO(free_names) struct strmap entries = { 0 };
	collect(manifest, marble, incoming, &entries);
	buf_put_u8(json, '{');
	for (size_t i = 0; i < entries.count; i++) {
		const char *name = entries.entries[i].name;
		const struct manifest_tls_entry *entry = entries.entries[i].value;
		buf_put_text(json, i ? "," : "");
		json_text_put(json, name, strlen(name));
		buf_put_u8(json, ':');
		if (!put_entry(entry, incoming, view, json, err))
			return false;
	}
	buf_put_u8(json, '}');
	return true;
}

/* It is an entry of Env like others, so an address may hold a template. */
static bool expand(
	struct bytes json, const struct template_data *view, struct buf *out, struct error *err)
{
	struct template *template = template_parse(json, TEMPLATE_FOR_ENV, err);
	bool expanded = template && template_execute(template, view, out, err);
	template_free(template);
	return expanded;
}

bool ttls_put_config(const struct manifest *manifest, const struct manifest_marble *marble,
	const struct template_data *view, struct buf *out, struct error *err)
{
	AUTO(buf_free) struct buf json = { 0 };
	buf_put_text(&json, "{\"tls\":{\"Incoming\":");
	if (!put_entries(manifest, marble, true, view, &json, err))
		return false;
	buf_put_text(&json, ",\"Outgoing\":");
	if (!put_entries(manifest, marble, false, view, &json, err))
		return false;
	buf_put_text(&json, "}}");
	return expand(buf_bytes(&json), view, out, err);
}
