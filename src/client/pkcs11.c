/* SPDX-License-Identifier: Apache-2.0 */
#include "client/pkcs11.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "client/json.h"

#include <dlfcn.h>
#include <libp11.h>
#include <stdlib.h>
#include <string.h>

struct pkcs11 {
	PKCS11_CTX *context;
	bool is_loaded;
	PKCS11_SLOT *slots;
	unsigned slot_count;
	EVP_PKEY *key;
	PKCS11_CERT *certificate; /* of the slot */
};

/* The members that the original's configuration has (those of Go's crypto11). */
struct config {
	const char *path;
	const char *serial;
	const char *label;
	const json_t *slot;
	const char *pin;
	bool has_no_login;
};

static bool read_config(const json_t *json, struct config *config, struct error *err)
{
	*config = (struct config){
		.path = json_string_value(json_member(json, "Path")),
		.serial = json_string_value(json_member(json, "TokenSerial")),
		.label = json_string_value(json_member(json, "TokenLabel")),
		.slot = json_member(json, "SlotNumber"),
		.pin = json_string_value(json_member(json, "Pin")),
		.has_no_login = json_is_true(json_member(json, "LoginNotSupported")),
	};
	int ways = (config->serial && *config->serial) + (config->label && *config->label) +
		   json_is_integer(config->slot);
	if (!config->path || !*config->path)
		return error_set(err, ERROR_INVALID,
			"the configuration has no Path, which names the library of the token");
	return ways == 1 ||
	       error_set(err, ERROR_INVALID,
		       "the configuration must have one of TokenSerial, TokenLabel and SlotNumber");
}

static bool is_wanted(const struct config *config, PKCS11_SLOT *slot)
{
	if (!slot->token)
		return false;
	if (config->slot)
		return json_integer_value(config->slot) ==
		       (json_int_t)PKCS11_get_slotid_from_slot(slot);
	return config->serial && *config->serial ? !strcmp(slot->token->serialnr, config->serial)
						 : !strcmp(slot->token->label, config->label);
}

/* NULL with the reason. */
static PKCS11_SLOT *find_slot(struct pkcs11 *token, const struct config *config, struct error *err)
{
	/* libp11 prints why a module cannot be loaded */
	void *module = dlopen(config->path, RTLD_NOW | RTLD_LOCAL);
	if (!module) {
		error_set(err, ERROR_NOT_FOUND, "%s", dlerror());
		return NULL;
	}
	dlclose(module);
	token->context = PKCS11_CTX_new();
	if (!token->context || PKCS11_CTX_load(token->context, config->path)) {
		crypto_error(err, ERROR_NOT_FOUND, config->path);
		return NULL;
	}
	token->is_loaded = true;
	if (PKCS11_enumerate_slots(token->context, &token->slots, &token->slot_count)) {
		crypto_error(err, ERROR_UNAVAILABLE, "cannot list the slots");
		return NULL;
	}
	for (unsigned i = 0; i < token->slot_count; i++) {
		if (is_wanted(config, &token->slots[i]))
			return &token->slots[i];
	}
	error_set(err, ERROR_NOT_FOUND, "%s has no such token among its %u slots", config->path,
		token->slot_count);
	return NULL;
}

static bool log_in(PKCS11_SLOT *slot, const struct config *config, struct error *err)
{
	if (config->has_no_login || !slot->token->loginRequired)
		return true;
	if (!config->pin)
		return error_set(err, ERROR_INVALID,
			"the token asks for a PIN, and the configuration has no Pin");
	return !PKCS11_login(slot, 0, config->pin) ||
	       crypto_error(err, ERROR_UNAUTHENTICATED, "cannot log in to the token");
}

/* NULL is what any object has. */
static bool has_name(const unsigned char *id, size_t id_size, const char *label,
	const char *wanted_id, const char *wanted_label)
{
	bool has_id =
		!wanted_id || (id_size == strlen(wanted_id) && !memcmp(id, wanted_id, id_size));
	return has_id && (!wanted_label || (label && !strcmp(label, wanted_label)));
}

static bool check_name(const char *what, const char *id, const char *label, struct error *err)
{
	return id || label ||
	       error_set(err, ERROR_INVALID, "neither an id nor a label of the %s is given", what);
}

static bool refuse(const char *what, const char *id, const char *label, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no %s found for id \"%s\" and label \"%s\"", what,
		id ? id : "", label ? label : "");
}

static bool find_key(struct pkcs11 *token, PKCS11_SLOT *slot, const struct marblerun_pkcs11 *place,
	struct error *err)
{
	PKCS11_KEY *keys;
	unsigned count;
	if (PKCS11_enumerate_keys(slot->token, &keys, &count))
		return crypto_error(err, ERROR_UNAVAILABLE, "cannot list the keys");
	for (unsigned i = 0; i < count && !token->key; i++) {
		if (has_name(keys[i].id, keys[i].id_len, keys[i].label, place->key_id,
			    place->key_label))
			token->key = PKCS11_get_private_key(&keys[i]);
	}
	return token->key || refuse("key pair", place->key_id, place->key_label, err);
}

static bool find_certificate(struct pkcs11 *token, PKCS11_SLOT *slot,
	const struct marblerun_pkcs11 *place, struct error *err)
{
	PKCS11_CERT *certificates;
	unsigned count;
	if (PKCS11_enumerate_certs(slot->token, &certificates, &count))
		return crypto_error(err, ERROR_UNAVAILABLE, "cannot list the certificates");
	for (unsigned i = 0; i < count && !token->certificate; i++) {
		if (has_name(certificates[i].id, certificates[i].id_len, certificates[i].label,
			    place->certificate_id, place->certificate_label) &&
			certificates[i].x509)
			token->certificate = &certificates[i];
	}
	return token->certificate ||
	       refuse("certificate", place->certificate_id, place->certificate_label, err);
}

static bool find_pair(struct pkcs11 *token, PKCS11_SLOT *slot, const struct marblerun_pkcs11 *place,
	struct error *err)
{
	if (!check_name("certificate", place->certificate_id, place->certificate_label, err) ||
		!find_key(token, slot, place, err) || !find_certificate(token, slot, place, err))
		return false;
	return X509_check_private_key(token->certificate->x509, token->key) == 1 ||
	       error_set(err, ERROR_INVALID, "the certificate on the token is not that of the key");
}

typedef bool find_function(struct pkcs11 *token, PKCS11_SLOT *slot,
	const struct marblerun_pkcs11 *place, struct error *err);

static bool open_token(struct pkcs11 *token, const json_t *json,
	const struct marblerun_pkcs11 *place, find_function *find, struct error *err)
{
	struct config config;
	if (!read_config(json, &config, err) ||
		!check_name("key", place->key_id, place->key_label, err))
		return false;
	PKCS11_SLOT *slot = find_slot(token, &config, err);
	return slot && log_in(slot, &config, err) && find(token, slot, place, err);
}

static struct pkcs11 *open_and_find(
	const struct marblerun_pkcs11 *place, find_function *find, struct error *err)
{
	AUTO(auto_json)
	json_t *json = json_read((struct bytes){ place->config, place->config_size }, err);
	if (!json) {
		error_prefix(err, "the configuration is no JSON");
		return NULL;
	}
	struct pkcs11 *token = xcalloc(1, sizeof(*token));
	if (open_token(token, json, place, find, err))
		return token;
	pkcs11_free(token);
	return NULL;
}

struct pkcs11 *pkcs11_open(const struct marblerun_pkcs11 *place, struct error *err)
{
	return open_and_find(place, find_pair, err);
}

struct pkcs11 *pkcs11_open_key(const struct marblerun_pkcs11 *place, struct error *err)
{
	return open_and_find(place, find_key, err);
}

void pkcs11_free(struct pkcs11 *token)
{
	if (!token)
		return;
	EVP_PKEY_free(token->key);
	if (token->slots)
		PKCS11_release_all_slots(token->context, token->slots, token->slot_count);
	if (token->is_loaded)
		PKCS11_CTX_unload(token->context);
	if (token->context)
		PKCS11_CTX_free(token->context);
	free(token);
}

X509 *pkcs11_certificate(const struct pkcs11 *token)
{
	return token->certificate->x509;
}

EVP_PKEY *pkcs11_key(const struct pkcs11 *token)
{
	return token->key;
}
