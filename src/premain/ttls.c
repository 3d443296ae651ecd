/* SPDX-License-Identifier: Apache-2.0 */
#include "premain/ttls.h"

#include "base/log.h"
#include "base/memory.h"

#include <jansson.h>
#include <string.h>

DEFINE_AUTO_FREE(auto_json, json_t *, json_decref)

static const ProtobufCBinaryData *find_configuration(const Rpc__Parameters *parameters)
{
	const ProtobufCBinaryData *found = NULL;
	for (size_t i = 0; i < parameters->n_env; i++) {
		if (!strcmp(parameters->env[i]->key, "MARBLE_TTLS_CONFIG"))
			found = &parameters->env[i]->value;
	}
	return found;
}

static void log_addresses(const char *heading, json_t *connections)
{
	const char *address;
	json_t *value;
	log_info(heading);
	json_object_foreach(connections, address, value)
	{
		AUTO(auto_free) char *line = xasprintf("    %s", address);
		log_info(line);
	}
}

bool ttls_check_absent(const Rpc__Parameters *parameters, struct error *err)
{
	const ProtobufCBinaryData *text = find_configuration(parameters);
	if (!text) {
		log_info("Not using TTLS");
		return true;
	}
	json_t *incoming = NULL;
	json_t *outgoing = NULL;
	json_error_t problem = { 0 };
	/* it holds private keys; nothing else here uses this library */
	json_set_alloc_funcs(wiping_malloc, wiping_free);
	AUTO(auto_json)
	json_t *root = json_loadb((const char *)text->data, text->len, 0, &problem);
	if (!root)
		return error_set(err, ERROR_INVALID, "unmarshaling TTLS config: %s", problem.text);
	if (json_unpack_ex(root, &problem, 0, "{s:{s?o,s?o}}", "tls", "Incoming", &incoming,
		    "Outgoing", &outgoing) ||
		(incoming && !json_is_object(incoming)) || (outgoing && !json_is_object(outgoing)))
		return error_set(err, ERROR_INVALID,
			"unmarshaling TTLS config: objects \"tls\", \"Incoming\" and \"Outgoing\" "
			"are expected");
	if (!json_object_size(incoming) && !json_object_size(outgoing))
		return error_set(err, ERROR_INVALID, "TTLS config is empty");
	log_info("TTLS config");
	log_addresses("  Incoming", incoming);
	log_addresses("  Outgoing", outgoing);
	return error_set(
		err, ERROR_UNSUPPORTED, "TTLS configured, but Marble runtime doesn't support TTLS");
}
